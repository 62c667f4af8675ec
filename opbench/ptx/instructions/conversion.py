"""cvt between all types, and the moves that only repack bits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opbench.ptx.frame import Frame
from opbench.ptx.instructions import rounding
from opbench.ptx.instructions.floating import flushed, saturated
from opbench.ptx.instructions.registry import Source, accept, refused, source, value
from opbench.ptx.module import Instruction
from opbench.ptx.number_types import NUMPY, Array, is_float

INTEGERS = frozenset(["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"])
TO_INTEGER: dict[str, Callable[[Array], Array]] = {
    "rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil,
}  # fmt: skip
MODES = "rn", "rz", "rm", "rp", "rna"


@value("cvt")
def convert(instruction: Instruction) -> Source:
    """Raises UsageError for types and modifiers that are not known."""
    known = {*MODES, *TO_INTEGER, "ftz", "sat", "relu", *NUMPY}
    words = accept(instruction, *known)
    to, kind = instruction.modifiers[-2], instruction.type
    words.discard(to)
    if to in {"f16x2", "bf16x2"} and kind == "f32":
        return _pair(instruction, to.removesuffix("x2"), words)
    for each in (to, kind):
        if each not in INTEGERS and not is_float(each):
            raise refused(instruction, f"no conversion with .{each} is known")
    read = source(instruction, instruction.operands[1], kind)
    if "relu" in words:
        raise refused(instruction, ".relu is known of no conversion")
    if is_float(kind):
        return _from_float(read, kind, to, words)
    if is_float(to):
        mode = next((each for each in MODES if each in words), "rn")
        return lambda frame: saturated_if("sat" in words, to, from_integer(read(frame), to, mode))
    if "sat" in words:
        return lambda frame: clipped(read(frame), to)
    return lambda frame: read(frame).astype(NUMPY[to])


def _from_float(read: Source, kind: str, to: str, words: set[str]) -> Source:
    direction = next((TO_INTEGER[each] for each in TO_INTEGER if each in words), None)
    mode = next((each for each in MODES if each in words), "rn")
    flush = "ftz" in words and kind == "f32"

    def compute(frame: Frame) -> Array:
        a = flushed(read(frame)) if flush else read(frame)
        if kind == to and direction is None:
            return saturated_if("sat" in words, to, a)
        exact = rounding.widened(a, kind)
        whole = exact if direction is None else direction(exact)
        if not is_float(to):
            return float_to_integer(whole, to)
        narrow = saturated_if("sat" in words, to, rounding.narrowed(whole, to, mode))
        return flushed(narrow) if "ftz" in words and to == "f32" else narrow

    return compute


def saturated_if(wanted: bool, kind: str, a: Array) -> Array:
    if not wanted:
        return a
    return rounding.narrowed(saturated(rounding.widened(a, kind)), kind) if kind == "bf16" else saturated(a)


def float_to_integer(whole: Array, to: str) -> Array:
    """Whole float64 numbers as integers, the nearest that there is; NaN becomes 0, as the ISA has it."""
    kind = np.dtype(NUMPY[to])
    limits = np.iinfo(kind)
    low, beyond = float(limits.min), float(limits.max) + (1.0 if kind.itemsize < 8 else 0.0)
    inside = (whole >= low) & (whole < beyond)
    found = np.where(inside, whole, 0.0).astype(kind)
    if inside.all():
        return found
    return np.where(whole >= beyond, kind.type(limits.max), np.where(whole < low, kind.type(limits.min), found))


def from_integer(a: Array, to: str, mode: str) -> Array:
    """Rounded once: what float64 does not hold is split at 32 bits and added with its error."""
    if a.dtype.itemsize < 8:
        return rounding.narrowed(a.astype(np.float64), to, mode)
    if to == "f64" and mode == "rn":
        return a.astype(np.float64)
    high = (a >> a.dtype.type(32)).astype(np.float64) * 2.0**32
    low = (a & a.dtype.type(0xFFFFFFFF)).astype(np.float64)
    if to == "f64":
        return rounding.added(high, low, "f64", mode)
    return rounding.narrowed(rounding.to_odd(*rounding.two_sum(high, low)), to, mode)


def clipped(a: Array, to: str) -> Array:
    """The nearest integer of the other type."""
    limits, own = np.iinfo(NUMPY[to]), np.iinfo(a.dtype)
    low, high = max(limits.min, own.min), min(limits.max, own.max)
    return np.clip(a, a.dtype.type(low), a.dtype.type(high)).astype(NUMPY[to])


def _pair(instruction: Instruction, half: str, words: set[str]) -> Source:
    """Two float32 to a pair; the first operand becomes the upper half."""
    high, low = (source(instruction, each, "f32") for each in instruction.operands[1:])
    mode = next((each for each in MODES if each in words), "rn")
    relu = "relu" in words

    def narrow(a: Array) -> Array:
        wide = a.astype(np.float64)
        wide = np.where(wide < 0, 0.0, wide) if relu else wide
        return rounding.narrowed(wide, half, mode).view(np.uint16).astype(np.uint32)

    return lambda frame: narrow(high(frame)) << np.uint32(16) | narrow(low(frame))
