"""Exact results brought to the width and in the direction that an instruction names.

Sums and products are made in float64 together with their error, and rounded there to odd: an inexact result gets a last
bit of 1. Such a value is never rounded wrongly when it is rounded again to a type of at most 51 bits (Boldo and
Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from opbench.ptx.number_types import Array

SPLIT = 134217729.0
"""2^27 + 1: parts a float64 into two of 26 bits, whose products are exact."""
SAFE = 2.0**-800, 2.0**960
"""Magnitudes between which a product and its error are both exact."""


def widened(a: Array, kind: str) -> Array:
    """Values of a float type as float64, exactly; bfloat16 from its bits."""
    if kind == "bf16":
        return (a.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
    return a.astype(np.float64)


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum and its error, exactly."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded product and its error, exactly within `SAFE`."""
    product = a * b
    a1, b1 = SPLIT * a, SPLIT * b
    a1, b1 = a1 - (a1 - a), b1 - (b1 - b)
    a2, b2 = a - a1, b - b1
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def to_odd(total: Array, error: Array) -> Array:
    """A float64 sum rounded to odd, from the nearest and its error."""
    bits = np.ascontiguousarray(total).view(np.int64)
    inexact = (error != 0) & np.isfinite(total) & np.isfinite(error) & (bits & 1 == 0)
    if not inexact.any():
        return total
    away = (error > 0) == (total > 0)
    moved: Array = (bits + np.where(inexact, np.where(away, 1, -1), 0)).view(np.float64)
    return moved


def narrowed(exact: Array, kind: str, mode: str = "rn") -> Array:
    """A float64 rounded once to that type, as NumPy holds it: rn, rz, rm (down), rp (up), rna (ties away from zero)."""
    nearest = _nearest(exact, kind, mode)
    if mode in {"rn", "rna"}:
        return nearest
    values = widened(nearest, kind)
    down, up = values > exact, values < exact
    if mode == "rz":
        down, up = down & (exact > 0), up & (exact < 0)
    elif mode == "rm":
        up = np.zeros_like(up)
    else:
        down = np.zeros_like(down)
    return _moved(nearest, kind, down, up)


def _nearest(exact: Array, kind: str, mode: str) -> Array:
    if kind == "bf16":
        return _to_bfloat16(exact, away=mode == "rna")
    types: dict[str, Any] = {"f16": np.float16, "f32": np.float32, "f64": np.float64}
    return exact.astype(types[kind])


def _to_bfloat16(exact: Array, *, away: bool = False) -> Array:
    single = exact.astype(np.float32)
    back = single.astype(np.float64)
    bits = single.view(np.uint32)
    toward = np.where(np.abs(back) > np.abs(exact), bits - np.uint32(1), bits)
    bits = np.where(np.isfinite(exact) & (back != exact), toward | np.uint32(1), bits)
    half = np.uint32(0x8000) if away else np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))
    rounded = (bits + half >> np.uint32(16)).astype(np.uint16)
    return np.where(np.isnan(exact), np.uint16(0x7FFF), rounded)


def _moved(nearest: Array, kind: str, down: Array, up: Array) -> Array:
    """To the neighbour below or above; infinity that was rounded to comes back to the largest number."""
    if kind != "bf16":
        below = np.nextafter(nearest, nearest.dtype.type(-np.inf))
        return np.where(down, below, np.where(up, np.nextafter(nearest, nearest.dtype.type(np.inf)), nearest))
    signed = np.where(nearest & 0x8000, -(nearest & 0x7FFF).astype(np.int32), (nearest & 0x7FFF).astype(np.int32))
    signed = signed + up.astype(np.int32) - down.astype(np.int32)
    bits = np.abs(signed).astype(np.uint16)
    return np.where((signed < 0) | ((signed == 0) & (nearest & 0x8000 != 0)), bits | np.uint16(0x8000), bits)


def fused(a: Array, b: Array, c: Array, kind: str, mode: str = "rn") -> Array:
    """a * b + c with one rounding, of values as NumPy holds them."""
    x, y, z = (widened(each, kind) for each in (a, b, c))
    if kind != "f64":  # the product has at most 48 bits
        return narrowed(to_odd(*two_sum(x * y, z)), kind, mode)
    x, y, z = np.broadcast_arrays(x, y, z)
    high, low = two_product(x, y)
    first, first_error = two_sum(z, low)
    second, second_error = two_sum(high, first)
    result = second + to_odd(*two_sum(first_error, second_error))
    endless = ~np.isfinite(z) & np.isfinite(x) & np.isfinite(y)  # the product may overflow, and is finite all the same
    plain = np.where(endless, z, x * y + z)
    exact = (x == 0) | (y == 0) | ~np.isfinite(x) | ~np.isfinite(y) | ~np.isfinite(z)
    result = np.where(exact | (result == 0), plain, result)
    size = np.abs(high)
    hard = ~exact & ((size < SAFE[0]) | (size > SAFE[1]) | (np.maximum(np.abs(x), np.abs(y)) > SAFE[1]))
    hard |= ~exact & (np.abs(z) > SAFE[1])
    if mode != "rn":
        hard = ~exact
    for place in np.flatnonzero(hard):
        total = Fraction(float(x[place])) * Fraction(float(y[place])) + Fraction(float(z[place]))
        result[place] = _from_fraction(total, float(plain[place]), mode)
    return result


def _from_fraction(exact: Fraction, of_zero: float, mode: str) -> float:
    if exact == 0:
        return of_zero
    try:
        nearest = float(exact)
    except OverflowError:
        nearest = np.inf if exact > 0 else -np.inf
    above = nearest == np.inf or (nearest != -np.inf and Fraction(nearest) > exact)
    below = nearest == -np.inf or (nearest != np.inf and Fraction(nearest) < exact)
    if above and (mode == "rm" or (mode == "rz" and exact > 0)):
        return float(np.nextafter(nearest, -np.inf))
    if below and (mode == "rp" or (mode == "rz" and exact < 0)):
        return float(np.nextafter(nearest, np.inf))
    return nearest


def added(a: Array, b: Array, kind: str, mode: str) -> Array:
    """a + b with one rounding."""
    x, y = widened(a, kind), widened(b, kind)
    total, error = two_sum(x, y)
    return _directed(total, error, mode) if kind == "f64" else narrowed(to_odd(total, error), kind, mode)


def multiplied(a: Array, b: Array, kind: str, mode: str) -> Array:
    """a * b with one rounding."""
    x, y = widened(a, kind), widened(b, kind)
    if kind != "f64":
        return narrowed(x * y, kind, mode)
    return x * y if mode == "rn" else fused(x, y, np.copysign(np.zeros(1), x * y), "f64", mode)


def _directed(total: Array, error: Array, mode: str) -> Array:
    if mode == "rn":
        return total
    down, up = error < 0, error > 0
    if mode == "rz":
        down, up = down & (total > 0), up & (total < 0)
    elif mode == "rm":
        up = np.zeros_like(up)
    else:
        down = np.zeros_like(down)
    return _moved(total, "f64", down, up)
