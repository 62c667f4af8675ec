"""Arithmetic of floats: float16, bfloat16, float32, float64 and pairs of the 16-bit ones.

Where an instruction names a rounding it is rounded once and so. What is approximate on a device is here the nearest
number, which is within every documented error, but not the bits of any device. NaNs keep no payload that counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from opbench.ptx.frame import Frame
from opbench.ptx.instructions import rounding
from opbench.ptx.instructions.registry import Source, accept, refused, sources, typed, value
from opbench.ptx.module import Instruction
from opbench.ptx.number_types import NUMPY, Array

Function = Callable[..., Array]

MODES = "rn", "rz", "rm", "rp"
FLOATS = "f16", "bf16", "f32", "f64", "f16x2", "bf16x2"
OPERANDS = {"fma": 3, "mad": 3, "abs": 1, "neg": 1}
NATIVE: dict[str, Function] = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}
"""NumPy rounds these once, to nearest, in float16, float32 and float64."""
UNARY: dict[str, Callable[[Array], Array]] = {
    "sqrt": np.sqrt,
    "rcp": np.reciprocal,
    "ex2": np.exp2,
    "lg2": np.log2,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "rsqrt": lambda x: 1.0 / np.sqrt(x),
}
APPROXIMATE_ONLY = frozenset(["ex2", "lg2", "sin", "cos", "tanh", "rsqrt"])


def arithmetic(instruction: Instruction) -> Source:
    """add, sub, mul, div, fma, mad, min, max, abs, neg."""
    kind = typed(instruction, *FLOATS)
    words = accept(instruction, *MODES, "ftz", "sat", "approx", "full", "NaN")
    mode = next((each for each in MODES if each in words), "rn")
    scalar = kind.removesuffix("x2")
    compute = _function(instruction, scalar, words, mode)
    if "ftz" in words and scalar == "f32":
        compute = _flushing(compute)
    if "sat" in words:
        compute = _saturating(compute, scalar)
    reads = sources(instruction, kind, OPERANDS.get(instruction.opcode, 2))
    if kind != scalar:
        compute = partial(_in_pairs, compute, scalar)
    return lambda frame: compute(*(read(frame) for read in reads))


def _function(instruction: Instruction, kind: str, words: set[str], mode: str) -> Function:
    opcode = instruction.opcode
    if opcode in {"abs", "neg"}:
        return partial(_signed, kind=kind, negate=opcode == "neg")
    if opcode in {"min", "max"}:
        return partial(_extreme, kind=kind, largest=opcode == "max", strict="NaN" in words)
    if opcode in {"fma", "mad"}:
        return partial(rounding.fused, kind=kind, mode=mode)
    if opcode == "div" and (mode != "rn" or kind == "bf16"):
        raise refused(instruction, "of divisions only .rn, .full and .approx are known")
    if mode == "rn" and kind != "bf16":
        return NATIVE[opcode]
    if opcode == "mul":
        return partial(rounding.multiplied, kind=kind, mode=mode)
    return partial(_sum, kind=kind, mode=mode, negate=opcode == "sub")


def _sum(a: Array, b: Array, *, kind: str, mode: str, negate: bool) -> Array:
    return rounding.added(a, _signed(b, kind=kind, negate=True) if negate else b, kind, mode)


def _signed(a: Array, *, kind: str, negate: bool) -> Array:
    if kind == "bf16":
        return a ^ np.uint16(0x8000) if negate else a & np.uint16(0x7FFF)
    return np.negative(a) if negate else np.abs(a)


def _extreme(a: Array, b: Array, *, kind: str, largest: bool, strict: bool) -> Array:
    """Of a NaN and a number the number, or with .NaN the NaN; of zeros of both signs -0 is the smaller."""
    if kind == "bf16":
        x, y = rounding.widened(a, kind), rounding.widened(b, kind)
        return rounding.narrowed(_extreme(x, y, kind="f64", largest=largest, strict=strict), "bf16")
    choose: Any = (np.maximum if strict else np.fmax) if largest else (np.minimum if strict else np.fmin)
    found: Array = choose(a, b)
    zeros = (a == 0) & (b == 0)
    if zeros.any():
        sign = np.signbit(a) & np.signbit(b) if largest else np.signbit(a) | np.signbit(b)
        found = np.where(zeros, np.where(sign, found.dtype.type(-0.0), found.dtype.type(0.0)), found)
    return found


def flushed(a: Array) -> Array:
    """float32 with subnormal numbers made zeros of their sign."""
    small = np.abs(a) < np.finfo(np.float32).tiny
    return np.where(small, np.copysign(np.float32(0), a), a) if small.any() else a


def _flushing(compute: Function) -> Function:
    return lambda *operands: flushed(compute(*map(flushed, operands)))


def saturated(a: Array) -> Array:
    """Within [0, 1]; NaN becomes 0."""
    return np.where(np.isnan(a), a.dtype.type(0), np.clip(a, a.dtype.type(0), a.dtype.type(1)))


def _saturating(compute: Function, kind: str) -> Function:
    if kind != "bf16":
        return lambda *operands: saturated(compute(*operands))
    return lambda *operands: rounding.narrowed(saturated(rounding.widened(compute(*operands), kind)), kind)


def _in_pairs(compute: Function, kind: str, *operands: Array) -> Array:
    """On both halves of 32 bits."""
    lows = [(each & np.uint32(0xFFFF)).astype(np.uint16).view(NUMPY[kind]) for each in operands]
    highs = [(each >> np.uint32(16)).astype(np.uint16).view(NUMPY[kind]) for each in operands]
    low, high = (compute(*halves).view(np.uint16).astype(np.uint32) for halves in (lows, highs))
    return high << np.uint32(16) | low


@value("sqrt", "rcp", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh")
def function(instruction: Instruction) -> Source:
    """Functions of one number. Approximate ones are computed in float64 and rounded to nearest."""
    kind = typed(instruction, "f32", "f64")
    words = accept(instruction, "rn", "approx", "ftz")
    if "rn" in words and instruction.opcode in APPROXIMATE_ONLY:
        raise refused(instruction, "this function exists only as .approx")
    (read,) = sources(instruction, kind, 1)
    inner = UNARY[instruction.opcode]
    if kind == "f64":
        if "approx" in words:
            return lambda frame: _coarse(inner, read(frame))
        return lambda frame: inner(read(frame))
    compute: Function = inner if instruction.opcode in {"sqrt", "rcp"} else partial(_through_float64, inner)
    if "ftz" in words:
        compute = _flushing(compute)
    return lambda frame: compute(read(frame))


def _through_float64(inner: Callable[[Array], Array], a: Array) -> Array:
    return inner(a.astype(np.float64)).astype(np.float32)


def _coarse(inner: Callable[[Array], Array], a: Array) -> Array:
    """.approx.ftz.f64: the upper 32 bits of the operand and of the result; the others are zeros."""
    upper = np.uint64(0xFFFFFFFF00000000)
    cut: Array = (np.ascontiguousarray(a).view(np.uint64) & upper).view(np.float64)
    bits: Array = np.ascontiguousarray(inner(cut)).view(np.uint64)
    return np.bitwise_and(bits, upper).view(np.float64)


@value("copysign")
def copy_sign(instruction: Instruction) -> Source:
    """The second operand with the sign of the first."""
    accept(instruction)
    a, b = sources(instruction, typed(instruction, "f32", "f64"), 2)

    def compute(frame: Frame) -> Array:
        return np.copysign(b(frame), a(frame))

    return compute


@value("testp")
def test(instruction: Instruction) -> Source:
    """What kind of number it is."""
    words = accept(instruction, *TESTS)
    (a,) = sources(instruction, typed(instruction, "f32", "f64"), 1)
    if len(words) != 1:
        raise refused(instruction, f"expected one of {', '.join(TESTS)}")
    compute = TESTS[words.pop()]
    return lambda frame: compute(a(frame))


def _subnormal(a: Array) -> Array:
    small: Array = np.abs(a) < np.finfo(a.dtype).tiny
    nonzero: Array = a != 0
    return small & nonzero


TESTS: dict[str, Callable[[Array], Array]] = {
    "finite": np.isfinite,
    "infinite": np.isinf,
    "number": lambda a: ~np.isnan(a),
    "notanumber": np.isnan,
    "normal": lambda a: np.isfinite(a) & (a != 0) & ~_subnormal(a),
    "subnormal": _subnormal,
}
