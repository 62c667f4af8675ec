"""Arithmetic of integers. It wraps, as NumPy's does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from opbench.ptx.frame import Frame
from opbench.ptx.instructions import floating
from opbench.ptx.instructions.registry import Source, accept, refused, source, sources, typed, value
from opbench.ptx.module import Instruction
from opbench.ptx.number_types import NUMPY, Array, is_float

INTEGERS = "u16", "s16", "u32", "s32", "u64", "s64"
WIDER = {"u16": "u32", "s16": "s32", "u32": "u64", "s32": "s64"}
SIMPLE: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "min": np.minimum,
    "max": np.maximum,
}


@value("add", "sub", "min", "max", "mul", "div", "rem", "abs", "neg", "mad", "fma")
def arithmetic(instruction: Instruction) -> Source:
    """Sends what works in floats to `floating`."""
    kind = instruction.type
    if is_float(kind) or kind in {"f16x2", "bf16x2"}:
        return floating.arithmetic(instruction)
    typed(instruction, *INTEGERS)
    return MAKERS[instruction.opcode](instruction)


def _simple(instruction: Instruction) -> Source:
    accept(instruction)
    a, b = sources(instruction, instruction.type, 2)
    compute = SIMPLE[instruction.opcode]
    return lambda frame: compute(a(frame), b(frame))


def _multiply(instruction: Instruction) -> Source:
    """`mul` and `mad`: .lo and .hi give half of the product's bits, .wide all of them."""
    part = accept(instruction, "lo", "hi", "wide")
    kind = instruction.type
    if len(part) != 1 or (part == {"wide"} and kind not in WIDER):
        raise refused(instruction, "expected one of .lo, .hi, and .wide for up to 32 bits")
    result = WIDER[kind] if part == {"wide"} else kind
    first, second, *rest = instruction.operands[1:]
    a, b = source(instruction, first, kind), source(instruction, second, kind)
    ways: dict[str, Callable[[Array, Array], Array]] = {
        "lo": np.multiply,
        "hi": high_product,
        "wide": _wide(NUMPY[result]),
    }
    multiply = ways[part.pop()]
    if instruction.opcode == "mul":
        return lambda frame: multiply(a(frame), b(frame))
    if len(rest) != 1:
        raise refused(instruction, "expected 4 operands")
    c = source(instruction, rest[0], result)
    return lambda frame: np.add(multiply(a(frame), b(frame)), c(frame))


def _wide(result: Any) -> Callable[[Array, Array], Array]:
    return lambda a, b: np.multiply(a.astype(result), b.astype(result))


def high_product(a: Array, b: Array) -> Array:
    """The upper half of the bits of a * b."""
    bits = 8 * a.dtype.itemsize
    if bits < 64:
        wider: Any = np.int64 if a.dtype.kind == "i" else np.uint64
        product: Array = a.astype(wider) * b.astype(wider)
        upper: Array = np.right_shift(product, wider(bits)).astype(a.dtype)
        return upper
    x: Array = a.view(np.uint64)
    y: Array = b.view(np.uint64)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    x0, x1, y0, y1 = x & low, x >> half, y & low, y >> half
    middle = x1 * y0 + (x0 * y0 >> half)
    high: Array = x1 * y1 + (middle >> half) + (x0 * y1 + (middle & low) >> half)
    if a.dtype.kind == "i":  # of unsigned and signed products the lower halves are the same, the upper ones are not
        high = high - np.where(a < 0, y, np.uint64(0)) - np.where(b < 0, x, np.uint64(0))
    return high.view(a.dtype)


def _divide(instruction: Instruction) -> Source:
    """Towards zero. By zero the ISA leaves the result open; here it is that of today's devices, all bits set."""
    accept(instruction)
    a, b = sources(instruction, instruction.type, 2)
    rest = instruction.opcode == "rem"

    def compute(frame: Frame) -> Array:
        x, y = a(frame), b(frame)
        quotient = quotient_towards_zero(x, y)
        if rest:
            return np.where(y == 0, x, x - quotient * y)
        return np.where(y == 0, np.array(-1).astype(x.dtype), quotient)

    return compute


def quotient_towards_zero(x: Array, y: Array) -> Array:
    """x / y; 0 where y is 0. The least number by -1 gives itself, as wrapping does."""
    quotient: Array = np.floor_divide(x, y)
    if x.dtype.kind == "u":
        return quotient
    inexact = (quotient * y != x) & ((x < 0) != (y < 0)) & (y != 0)
    rounded: Array = np.add(quotient, inexact.astype(x.dtype))
    return rounded


def _single(instruction: Instruction) -> Source:
    accept(instruction)
    (a,) = sources(instruction, typed(instruction, "s16", "s32", "s64"), 1)
    compute = np.abs if instruction.opcode == "abs" else np.negative
    return lambda frame: compute(a(frame))


def _fused(instruction: Instruction) -> Source:
    raise refused(instruction, "fma is of floats; mad is of integers")


MAKERS: dict[str, Callable[[Instruction], Source]] = {
    **dict.fromkeys(SIMPLE, _simple),
    **dict.fromkeys(("mul", "mad"), _multiply),
    **dict.fromkeys(("div", "rem"), _divide),
    **dict.fromkeys(("abs", "neg"), _single),
    "fma": _fused,
}
