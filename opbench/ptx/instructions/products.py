"""mma.sync: the 32 threads of a warp multiply two small matrices whose elements lie in their registers.

PTX ISA, "Matrix Fragments for mma.m16n8k8, m16n8k16, m8n8k4": with g = lane // 4 and t = lane % 4, of 16-bit types
register r of A holds columns 2t + 8 (r // 2) and the next of row g + 8 (r % 2), register r of B rows 2t + 8r and the
next of column g; of .f64 A is (g, t) and B (t, g). Element i of C and D is (g + 8 (i // 2), 2t + i % 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opbench.ptx.frame import Frame
from opbench.ptx.instructions import rounding
from opbench.ptx.instructions.registry import Effect, effect, keep, refused, sinks, source
from opbench.ptx.instructions.warp import LANES, lanes, whole_warps
from opbench.ptx.module import Instruction, Operand, Vector
from opbench.ptx.number_types import NUMPY, Array

SHAPES = {
    ("m16n8k16", "f16"): (16, 16), ("m16n8k16", "bf16"): (16, 16), ("m16n8k8", "f16"): (16, 8),
    ("m16n8k8", "bf16"): (16, 8), ("m8n8k4", "f64"): (8, 4),
}  # fmt: skip
"""Rows and inner size; all have 8 columns, A by rows and B by columns."""
COLUMNS = 8

_GROUP, _WITHIN = np.arange(LANES) // 4, np.arange(LANES) % 4


@dataclass(frozen=True)
class Fragment:
    """Which element of a matrix of `shape` is a thread's `i`-th: row and column, int64 (32, elements)."""

    shape: tuple[int, int]
    row: Array
    column: Array

    def whole(self, held: list[Array]) -> Array:
        """(warps, *shape) from each element's values, (warps, 32)."""
        found = np.zeros((len(held[0]), *self.shape), held[0].dtype)
        found[:, self.row, self.column] = np.stack(held, 2)
        return found

    def held(self, whole: Array) -> Array:
        """(warps, 32, elements) from (warps, *shape)."""
        found: Array = whole[:, self.row, self.column]
        return found


def first(rows: int, inner: int, kind: str) -> Fragment:
    """Of A."""
    if kind == "f64":
        return Fragment((rows, inner), _GROUP[:, None], _WITHIN[:, None])
    i = np.arange(rows * inner // LANES)
    register = i // 2
    row, column = _GROUP[:, None] + 8 * (register % 2), 2 * _WITHIN[:, None] + i % 2 + 8 * (register // 2)
    return Fragment((rows, inner), row, column)


def second(inner: int, kind: str) -> Fragment:
    """Of B."""
    if kind == "f64":
        return Fragment((inner, COLUMNS), _WITHIN[:, None], _GROUP[:, None])
    i = np.arange(inner // 4)
    row = 2 * _WITHIN[:, None] + i % 2 + 8 * (i // 2)
    return Fragment((inner, COLUMNS), row, np.broadcast_to(_GROUP[:, None], row.shape))


def third(rows: int) -> Fragment:
    """Of C and D."""
    i = np.arange(rows // 4)
    return Fragment((rows, COLUMNS), _GROUP[:, None] + 8 * (i // 2), 2 * _WITHIN[:, None] + i % 2)


@effect("mma")
def multiply_matrices(instruction: Instruction) -> Effect:
    """D = A B + C. Products of 16-bit types are exact; they are added in float64, in order, and rounded to .f32 once.

    In which order a device adds, and where it cuts, is not documented: its result differs in the last bits.
    """
    shape, kind, wide = _form(instruction)
    rows, inner = SHAPES[shape, kind]
    of_a, of_b, of_c = first(rows, inner, kind), second(inner, kind), third(rows)
    results = sinks(instruction)
    packed = 1 if kind == "f64" else 2
    given = [_parts(each) for each in instruction.operands[1:]]
    wanted = [of_a.row.shape[1] // packed, of_b.row.shape[1] // packed, of_c.row.shape[1]]
    if [len(results), *map(len, given)] != [wanted[2], *wanted]:
        raise refused(instruction, f"expected {wanted[2]} registers of D, {wanted[0]} of A, {wanted[1]} of B")
    register = "f64" if kind == "f64" else "b32"
    a, b = ([source(instruction, part, register) for part in parts] for parts in given[:2])
    c = [source(instruction, part, wide) for part in given[2]]

    def run(frame: Frame, mask: Array | None) -> None:
        table = whole_warps(frame, mask)
        warp, lane = lanes(frame)

        def elements(values: Array) -> list[Array]:
            of_warps = np.broadcast_to(values, (frame.count,))[table]
            return [of_warps.astype(np.float64)] if kind == "f64" else _halves(of_warps, kind)

        left = of_a.whole([each for read in a for each in elements(read(frame))])
        right = of_b.whole([each for read in b for each in elements(read(frame))])
        added = of_c.whole([np.broadcast_to(read(frame), (frame.count,))[table].astype(np.float64) for read in c])
        held = of_c.held(_summed(left, right, added).astype(NUMPY[wide]))
        for place, result in enumerate(results):
            if result is not None:
                keep(frame, result, np.ascontiguousarray(held[warp, lane, place]), mask)

    return run


def _form(instruction: Instruction) -> tuple[str, str, str]:
    """Shape, type of the elements, and that of the sums."""
    words = instruction.modifiers
    known = {
        ("sync", "aligned", shape, "row", "col", wide, kind, kind, wide): (shape, kind, wide)
        for shape, kind in SHAPES
        for wide in ("f64" if kind == "f64" else "f32",)
    }
    if words not in known:
        told = ", ".join(f"{shape} of {kind}" for shape, kind in SHAPES)
        raise refused(instruction, f"expected .sync.aligned, .row.col, and one of: {told}; sums in f32, of f64 in f64")
    return known[words]


def _summed(left: Array, right: Array, added: Array) -> Array:
    """left @ right + added, in the order of the inner index.

    Not NumPy's `@`: BLAS may add in another order for another place in memory, and warps that hold copies of one matrix
    would then write different values to one place, which is a race.
    """
    for inner in range(left.shape[2]):
        added = added + left[:, :, inner, None] * right[:, None, inner]
    return added


def _parts(operand: Operand) -> tuple[Operand, ...]:
    return operand.parts if isinstance(operand, Vector) else (operand,)


def _halves(bits: Array, kind: str) -> list[Array]:
    """Both 16-bit elements of each 32 bits as float64, the lower first."""
    halves = (bits & np.uint32(0xFFFF)).astype(np.uint16), (bits >> np.uint32(16)).astype(np.uint16)
    return [rounding.widened(half if kind == "bf16" else half.view(np.float16), kind) for half in halves]
