"""Loads and stores of up to 16 bytes, and half-precision arithmetic: single PTX instructions as device functions.

A tensor enters a kernel as its address, one integer: an array argument costs a launch several times the time of an
integer, has no bfloat16, and moves one element at a time. Registers are `cuda.local.array`s of constant size, which
the compiler turns into registers because every loop over them is unrolled.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

from numba import types
from numba.cuda.extending import intrinsic

ir: Any = import_module("llvmlite.ir")
"""Any, because llvmlite ships no type information."""

Device: TypeAlias = Callable[..., Any]
"""A function that only kernels call."""


class Kind(NamedTuple):
    """How one value lies in memory and in a register."""

    suffix: str
    """Of PTX's ld and st."""
    letter: str
    """Of a register operand of inline assembly."""
    llvm: Any
    numba: Any
    size: int
    """Bytes."""


KINDS = {
    "b16": Kind("b16", "h", ir.IntType(16), types.uint16, 2),
    "b32": Kind("b32", "r", ir.IntType(32), types.uint32, 4),
    "f32": Kind("f32", "f", ir.FloatType(), types.float32, 4),
    "f64": Kind("f64", "d", ir.DoubleType(), types.float64, 8),
    "s64": Kind("s64", "l", ir.IntType(64), types.int64, 8),
}

I64 = ir.IntType(64)


def _address(builder: Any, base: Any, offset: Any, size: int) -> Any:
    return builder.add(base, builder.mul(offset, ir.Constant(I64, size)))


def _slots(context: Any, builder: Any, array: Any, value: Any, first: Any, width: int) -> list[Any]:
    data = context.make_array(array)(context, builder, value=value).data
    return [builder.gep(data, [builder.add(first, ir.Constant(I64, step))]) for step in range(width)]


def _operands(letters: str, begin: int) -> str:
    names = ", ".join(f"${begin + step}" for step in range(len(letters)))
    return names if len(letters) == 1 else f"{{{names}}}"


def _vector(width: int) -> str:
    return "" if width == 1 else f".v{width}"


@cache
def at(name: str) -> Device:
    """(base, offset) -> the value there; offsets count values. Only for memory that no kernel writes meanwhile."""
    kind = KINDS[name]

    @intrinsic
    def read(_context: Any, _base: Any, _offset: Any) -> Any:
        def code(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
            instruction = f"ld.global.nc.{kind.suffix} $0, [$1];"
            inline = ir.InlineAsm(ir.FunctionType(kind.llvm, [I64]), instruction, f"={kind.letter},l")
            return builder.call(inline, [_address(builder, args[0], args[1], kind.size)])

        return kind.numba(types.int64, types.int64), code

    return read


@cache
def load(name: str, width: int) -> Device:
    """(base, offset, row, first): row[first : first + width] = the values at offset, in one instruction.

    The address must be a multiple of the width in bytes, which is 16 at most.
    """
    kind = KINDS[name]

    @intrinsic
    def read(_context: Any, _base: Any, _offset: Any, row: Any, _first: Any) -> Any:
        def code(target: Any, builder: Any, _signature: Any, args: Any) -> Any:
            letters = kind.letter * width
            result = ir.LiteralStructType([kind.llvm] * width) if width > 1 else kind.llvm
            text = f"ld.global.nc{_vector(width)}.{kind.suffix} {_operands(letters, 0)}, [${width}];"
            constraints = ",".join([*(f"={letter}" for letter in letters), "l"])
            inline = ir.InlineAsm(ir.FunctionType(result, [I64]), text, constraints)
            got = builder.call(inline, [_address(builder, args[0], args[1], kind.size)])
            for step, slot in enumerate(_slots(target, builder, row, args[2], args[3], width)):
                builder.store(got if width == 1 else builder.extract_value(got, step), slot)
            return target.get_dummy_value()

        return types.void(types.int64, types.int64, row, types.int64), code

    return read


@cache
def store(name: str, width: int) -> Device:
    """(base, offset, row, first): the values at offset = row[first : first + width], in one instruction.

    Streaming (evict first): the outputs are larger than any cache and are not read again here. Eight 16-bit values
    go as four words, because PTX has vectors of four at most.
    """
    kind = KINDS[name]
    folded = width == 8

    @intrinsic
    def write(_context: Any, _base: Any, _offset: Any, row: Any, _first: Any) -> Any:
        def code(target: Any, builder: Any, _signature: Any, args: Any) -> Any:
            values = [builder.load(slot) for slot in _slots(target, builder, row, args[2], args[3], width)]
            sent = KINDS["b32"] if folded else kind
            values = _folded(builder, values) if folded else values
            letters = sent.letter * len(values)
            text = f"st.global.cs{_vector(len(values))}.{sent.suffix} [$0], {_operands(letters, 1)};"
            signature = ir.FunctionType(ir.VoidType(), [I64, *[sent.llvm] * len(values)])
            inline = ir.InlineAsm(signature, text, ",".join(["l", *letters]), side_effect=True)
            builder.call(inline, [_address(builder, args[0], args[1], kind.size), *values])
            return target.get_dummy_value()

        return types.void(types.int64, types.int64, row, types.int64), code

    return write


def _folded(builder: Any, halves: list[Any]) -> list[Any]:
    word = ir.IntType(32)
    wide = [builder.zext(half, word) for half in halves]
    sixteen = ir.Constant(word, 16)
    return [builder.or_(low, builder.shl(high, sixteen)) for low, high in zip(wide[::2], wide[1::2], strict=True)]
