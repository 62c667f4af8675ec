"""Comparisons and choices: setp, set, selp, slct."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opbench.ptx.frame import Frame
from opbench.ptx.instructions import rounding
from opbench.ptx.instructions.floating import flushed
from opbench.ptx.instructions.registry import (
    Effect,
    Source,
    accept,
    effect,
    keep,
    predicate,
    refused,
    sinks,
    source,
    sources,
    typed,
    value,
)  # fmt: skip
from opbench.ptx.module import Instruction
from opbench.ptx.number_types import NUMPY, Array, is_float

Comparison = Callable[[Array, Array], Array]

ORDER: dict[str, Comparison] = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip
ORDERED_NE = "ne"
UNORDERED = {"equ": "eq", "neu": "ne", "ltu": "lt", "leu": "le", "gtu": "gt", "geu": "ge"}
OF_UNSIGNED = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}
COMBINED: dict[str, Comparison] = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}
COMPARISONS = (*ORDER, *UNORDERED, *OF_UNSIGNED, "num", "nan")


def comparison(instruction: Instruction, kind: str, words: set[str]) -> Comparison:
    """What `setp` and `set` compute. Of floats, a NaN makes eq, ne, lt, ... false and equ, neu, ltu, ... true."""
    names = words & set(COMPARISONS)
    if len(names) != 1:
        raise refused(instruction, f"expected one comparison, of {', '.join(COMPARISONS)}")
    (name,) = names
    if not is_float(kind):
        if name in UNORDERED or name in {"num", "nan"} or (name in OF_UNSIGNED and kind[0] == "s"):
            raise refused(instruction, f"comparison .{name} is not one of .{kind}")
        return ORDER[OF_UNSIGNED.get(name, name)]
    return _of_floats(name, kind, flush="ftz" in words and kind == "f32")


def _of_floats(name: str, kind: str, *, flush: bool) -> Comparison:
    def compute(a: Array, b: Array) -> Array:
        if kind == "bf16":
            a, b = rounding.widened(a, kind), rounding.widened(b, kind)
        elif flush:
            a, b = flushed(a), flushed(b)
        if name in ORDER and name != ORDERED_NE:  # NumPy's are ordered, but for its not_equal
            return ORDER[name](a, b)
        unordered = np.isnan(a) | np.isnan(b)
        if name in {"num", "nan"}:
            return unordered if name == "nan" else ~unordered
        if name in UNORDERED:
            return ORDER[UNORDERED[name]](a, b) | unordered
        return np.not_equal(a, b) & ~unordered

    return compute


@effect("setp")
def set_predicate(instruction: Instruction) -> Effect:
    """`setp.lt.and.s32 p|q, a, b, c`: p is the comparison combined with c, q is its opposite combined with c."""
    kind = typed(instruction, *(each for each in NUMPY if each not in {"pred", "b8", "u8", "s8", "f16x2", "bf16x2"}))
    words = accept(instruction, *COMPARISONS, *COMBINED, "ftz")
    compare = comparison(instruction, kind, words)
    a, b = (source(instruction, each, kind) for each in instruction.operands[1:3])
    combine = next((COMBINED[each] for each in COMBINED if each in words), None)
    third = predicate(instruction, instruction.operands[3]) if combine else None
    first, *second = sinks(instruction)

    def run(frame: Frame, mask: Array | None) -> None:
        found = compare(a(frame), b(frame))
        opposite = ~found
        if combine is not None and third is not None:
            c = third(frame)
            found, opposite = combine(found, c), combine(opposite, c)
        if first is not None:
            keep(frame, first, found, mask)
        if second and second[0] is not None:
            keep(frame, second[0], opposite, mask)

    return run


@value("set")
def set_number(instruction: Instruction) -> Source:
    """The comparison as all bits set, or as 1.0 in float32."""
    kind = instruction.type
    to = instruction.modifiers[-2]
    words = accept(instruction, *COMPARISONS, "ftz", "u32", "s32", "f32") - {"u32", "s32", "f32"}
    compare = comparison(instruction, kind, words)
    a, b = sources(instruction, kind, 2)
    yes = NUMPY[to](1) if to == "f32" else np.array(-1).astype(NUMPY[to])
    return lambda frame: np.where(compare(a(frame), b(frame)), yes, NUMPY[to](0))


@value("selp")
def select(instruction: Instruction) -> Source:
    accept(instruction)
    a, b = (source(instruction, each, instruction.type) for each in instruction.operands[1:3])
    choose = predicate(instruction, instruction.operands[3])
    return lambda frame: np.where(choose(frame), a(frame), b(frame))


@value("slct")
def select_by_sign(instruction: Instruction) -> Source:
    """The first where the third operand is at least 0, else the second; for NaN the second."""
    words = accept(instruction, "ftz", *NUMPY) - {"ftz"}
    if len(words) != 1:
        raise refused(instruction, "expected one type of what is chosen")
    kind = words.pop()
    a, b = (source(instruction, each, kind) for each in instruction.operands[1:3])
    by = source(instruction, instruction.operands[3], typed(instruction, "s32", "f32"))
    return lambda frame: np.where(by(frame) >= 0, a(frame), b(frame))
