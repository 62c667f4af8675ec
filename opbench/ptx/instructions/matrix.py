"""ldmatrix and stmatrix: 8x8 matrices of 16-bit elements between shared memory and the registers of a warp.

Matrix m has its rows at the addresses that lanes 8m to 8m+7 give, 16 bytes each. Lane l holds elements 2(l % 4) and
2(l % 4) + 1 of row l // 4; with .trans of column l // 4.
"""

from __future__ import annotations

import numpy as np

from opbench.ptx.frame import Access, Frame, Region
from opbench.ptx.instructions.access import Place
from opbench.ptx.instructions.registry import Effect, accept, effect, keep, refused, sinks, source, typed
from opbench.ptx.instructions.warp import lanes, whole_warps
from opbench.ptx.module import Instruction, Operand, Vector
from opbench.ptx.number_types import Array

COUNTS = {"x1": 1, "x2": 2, "x4": 4}
KNOWN = "sync", "aligned", "m8n8", "trans", "shared", "shared::cta", *COUNTS


def _matrices(instruction: Instruction) -> tuple[int, bool]:
    """How many, and whether they are transposed."""
    words = accept(instruction, *KNOWN)
    typed(instruction, "b16")
    counts = words & set(COUNTS)
    if "m8n8" not in words or len(counts) != 1 or not words & {"shared", "shared::cta"}:
        raise refused(instruction, "expected .m8n8 with one of .x1, .x2, .x4 in .shared")
    return COUNTS[counts.pop()], "trans" in words


class Rows:
    """The rows of all matrices of a frame: for each warp, of 8 * `count` lanes."""

    def __init__(self, instruction: Instruction, operand: Operand, access: Access, count: int, trans: bool) -> None:
        self._place = Place(instruction, operand, access)
        self._count, self._trans = count, trans

    def elements(self, frame: Frame, mask: Array | None) -> tuple[Region, list[Array]]:
        """The memory, and for each matrix int64 (count, 2): the places of a thread's elements in its 16-bit view."""
        table = whole_warps(frame, mask)
        warp, lane = lanes(frame)
        giving = lane < 8 * self._count
        ((chosen, region, positions),) = self._place.parts(frame, giving)
        starts = np.zeros(frame.count, np.int64)
        starts[slice(None) if chosen is None else chosen] = positions >> 1
        major, minor = lane >> 2, 2 * (lane & 3)
        found = []
        for matrix in range(self._count):
            pairs = []
            for element in (0, 1):
                row, column = (minor + element, major) if self._trans else (major, minor + element)
                pairs.append(starts[table[warp, 8 * matrix + row]] + column)
            found.append(np.stack(pairs, 1))
        return region, found


@effect("ldmatrix")
def load_matrix(instruction: Instruction) -> Effect:
    count, trans = _matrices(instruction)
    registers = sinks(instruction)
    if len(registers) != count:
        raise refused(instruction, f"expected {count} registers")
    rows = Rows(instruction, instruction.operands[1], Access("shared", 16, True, False), count, trans)

    def run(frame: Frame, mask: Array | None) -> None:
        region, elements = rows.elements(frame, mask)
        view = region.view(np.uint16)
        for register, at in zip(registers, elements, strict=True):
            pair = view[at].astype(np.uint32)
            if register is not None:
                keep(frame, register, pair[:, 0] | pair[:, 1] << np.uint32(16), mask)

    return run


@effect("stmatrix")
def store_matrix(instruction: Instruction) -> Effect:
    count, trans = _matrices(instruction)
    address, stored = instruction.operands
    parts = stored.parts if isinstance(stored, Vector) else (stored,)
    if len(parts) != count:
        raise refused(instruction, f"expected {count} registers")
    reads = [source(instruction, each, "b32") for each in parts]
    rows = Rows(instruction, address, Access("shared", 16, False, True), count, trans)

    def run(frame: Frame, mask: Array | None) -> None:
        region, elements = rows.elements(frame, mask)
        for read, at in zip(reads, elements, strict=True):
            pair = np.broadcast_to(read(frame), (frame.count,))
            for element, bits in enumerate((pair.astype(np.uint16), (pair >> np.uint32(16)).astype(np.uint16))):
                region.write(frame, None, 2 * at[:, element], [bits])

    return run
