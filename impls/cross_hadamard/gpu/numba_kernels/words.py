"""What the kernels compute with: one element, or two halves in one 32-bit word where memory allows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from impls.cross_hadamard.gpu.numba_kernels.language.target import at, device, narrow, pack, product, types, widen
from impls.cross_hadamard.gpu.numba_kernels.norms import bounded, norm

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device


@dataclass(frozen=True, eq=False)
class Word:
    """A dtype's unit of computation. Words are made once each, so that identity is equality."""

    kind: str
    """Of `access.KINDS`: how it lies in memory."""
    size: int
    """Bytes."""
    elements: int
    """Elements in it: 1 or 2."""
    type: Any
    """Of registers that hold words."""
    real: Any
    """NumPy's float32 or float64: what sums and normalisers are computed in."""
    real_type: Any
    real_kind: str
    nan: Any
    """Every element NaN."""
    multiply: Device
    """(word, word) -> word: the product, rounded once."""
    part: Device
    """(word, e) -> element e in `real`, exactly."""
    join: Device
    """Registers of `elements` reals -> word, each rounded once."""


@cache
def word_of(dtype: str, elements: int) -> Word:
    """The word of 1 element of any dtype, or of 2 of float16 and bfloat16."""
    if dtype in {"float32", "float64"}:
        return _plain(dtype)
    return _single_half(dtype) if elements == 1 else _two_halves(dtype)


def _plain(dtype: str) -> Word:
    real, type_ = getattr(np, dtype), getattr(types, dtype)
    kind = "f32" if dtype == "float32" else "f64"

    def multiply(a: Any, b: Any) -> Any:
        return a * b

    def part(word: Any, _e: int) -> Any:
        return word

    def join(row: Any) -> Any:
        return row[0]

    size = np.dtype(real).itemsize
    nan = real(np.nan)
    return Word(kind, size, 1, type_, real, type_, kind, nan, device(multiply), device(part), device(join))


NAN_BITS = {"float16": 0x7E00, "bfloat16": 0x7FC0}


def _single_half(dtype: str) -> Word:
    wide, one = widen(dtype), narrow(dtype)

    def part(word: Any, _e: int) -> Any:
        return wide(word)

    def join(row: Any) -> Any:
        return one(row[0])

    nan, multiply = np.uint16(NAN_BITS[dtype]), product(dtype, "b16")
    real = np.float32, types.float32, "f32"
    return Word("b16", 2, 1, types.uint16, *real, nan, multiply, device(part), device(join))


def _two_halves(dtype: str) -> Word:
    wide, both = widen(dtype), pack(dtype)

    def part(word: Any, e: int) -> Any:
        return wide((word >> (16 * e)) & 0xFFFF)

    def join(row: Any) -> Any:
        return both(row[0], row[1])

    nan, multiply = np.uint32(NAN_BITS[dtype] * 0x10001), product(dtype, "b32")
    real = np.float32, types.float32, "f32"
    return Word("b32", 4, 2, types.uint32, *real, nan, multiply, device(part), device(join))


@cache
def combination(word: Word, name: str | None) -> Device:
    """(a, b, alpha, weight, bias) -> the word an operation writes for a pair of words.

    Without a norm the product, and the last three go unread; else f(alpha * product) * weight + bias, rounded once.
    """
    multiply, part, join = word.multiply, word.part, word.join
    if name is None:
        return device(lambda a, b, _alpha, _weight, _bias: multiply(a, b))
    bound, f = bounded(name, word.real), norm(name, word.real)

    def normed(a: Any, b: Any, alpha: Any, weight: Any, bias: Any) -> Any:
        return join((f(bound(alpha * (part(a, 0) * part(b, 0)))) * weight + bias,))

    def normed_two(a: Any, b: Any, alpha: Any, weight: Any, bias: Any) -> Any:
        low = f(bound(alpha * (part(a, 0) * part(b, 0)))) * weight + bias
        high = f(bound(alpha * (part(a, 1) * part(b, 1)))) * weight + bias
        return join((low, high))

    return device(normed if word.elements == 1 else normed_two)


@cache
def parameter(word: Word, name: str | None) -> Device:
    """(base, offset) -> a normaliser's parameter; 0, unread, without a norm."""
    zero, read = word.real(0.0), at(word.real_kind)
    if name is None:
        return device(lambda _base, _offset: zero)

    def value(base: int, offset: int) -> Any:
        return read(base, offset)

    return device(value)
