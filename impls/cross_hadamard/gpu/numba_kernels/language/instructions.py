"""Arithmetic that Python has no types for: half precision in one instruction, and 32-bit division."""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import types
from numba.cuda.extending import intrinsic

from impls.cross_hadamard.gpu.numba_kernels.language.access import KINDS, Device, ir

PRODUCTS = {
    ("float16", "b16"): "mul.rn.f16 $0, $1, $2;",
    ("float16", "b32"): "mul.rn.f16x2 $0, $1, $2;",
    ("bfloat16", "b16"): "{.reg .b16 z; mov.b16 z, 0x8000; fma.rn.bf16 $0, $1, $2, z;}",
    ("bfloat16", "b32"): "{.reg .b32 z; mov.b32 z, 0x80008000; fma.rn.bf16x2 $0, $1, $2, z;}",
}
"""One rounding of the exact product, denormals kept. bfloat16 has no product of its own before compute capability
9.0; adding minus zero to it leaves every product as it is, the sign of a zero included."""

WIDEN = {
    "float16": "cvt.f32.f16 $0, $1;",
    "bfloat16": "{.reg .b16 z; mov.b16 z, 0; mov.b32 $0, {z, $1};}",
}

NARROW = {"float16": "cvt.rn.f16.f32 $0, $1;", "bfloat16": "cvt.rn.bf16.f32 $0, $1;"}

PACK = {"float16": "cvt.rn.f16x2.f32 $0, $2, $1;", "bfloat16": "cvt.rn.bf16x2.f32 $0, $2, $1;"}
"""PTX names the high half first."""


def product(dtype: str, kind: str) -> Device:
    """(a, b) -> a * b, each the bits of one or two halves."""
    return _binary(PRODUCTS[dtype, kind], kind, kind)


def widen(dtype: str) -> Device:
    """Bits of a half -> float32, exactly."""
    return _unary(WIDEN[dtype], "f32", "b16")


def narrow(dtype: str) -> Device:
    """float32 -> bits of the nearest half, ties to even; NaN stays NaN."""
    return _unary(NARROW[dtype], "b16", "f32")


def pack(dtype: str) -> Device:
    """(low, high) in float32 -> the bits of both as halves, as `narrow`."""
    return _binary(PACK[dtype], "b32", "f32")


@cache
def _unary(text: str, result: str, operand: str) -> Device:
    to, of = KINDS[result], KINDS[operand]

    @intrinsic
    def instruction(_context: Any, _value: Any) -> Any:
        def code(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
            inline = ir.InlineAsm(ir.FunctionType(to.llvm, [of.llvm]), text, f"={to.letter},{of.letter}")
            return builder.call(inline, args)

        return to.numba(of.numba), code

    return instruction


@cache
def _binary(text: str, result: str, operand: str) -> Device:
    to, of = KINDS[result], KINDS[operand]
    constraints = f"={to.letter},{of.letter},{of.letter}"

    @intrinsic
    def instruction(_context: Any, _one: Any, _other: Any) -> Any:
        def code(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
            inline = ir.InlineAsm(ir.FunctionType(to.llvm, [of.llvm, of.llvm]), text, constraints)
            return builder.call(inline, args)

        return to.numba(of.numba, of.numba), code

    return instruction


@cache
def quotient(bits: int) -> Device:
    """(a, b) -> a // b for 0 <= a < 2^bits, b > 0, bits 32 or 64.

    Numba's own division is 64 bits wide and looks after signs: about four times the instructions.
    """
    width = ir.IntType(bits)

    @intrinsic
    def divide(_context: Any, _value: Any, _by: Any) -> Any:
        def code(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
            if bits == 64:
                return builder.udiv(*args)
            whole = builder.udiv(*(builder.trunc(arg, width) for arg in args))
            return builder.zext(whole, ir.IntType(64))

        return types.int64(types.int64, types.int64), code

    return divide
