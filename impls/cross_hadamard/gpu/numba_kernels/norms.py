"""The normalisers f and their slopes f' for kernels, in float32 or float64 throughout.

u is bounded first, but for `identity`: beyond the bound every other f has reached its limit, and inf / inf or inf * 0
would be NaN. The comparisons let NaN through. Constants are cast because a bare 1.0 would turn float32 into float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from impls.cross_hadamard.gpu.numba_kernels.language.target import device

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device

FAR = {np.float32: 1e18, np.float64: 1e150}
"""u * u is still finite here."""


@cache
def bounded(name: str, real: Any) -> Device:
    """u, moved to the bound where it lies beyond; what `name` of the normalisers takes."""
    if name == "identity":
        return device(lambda u: u)
    far = real(FAR[real])

    def bound(u: Any) -> Any:
        if u > far:
            return far
        if u < -far:
            return -far
        return u

    return device(bound)


@cache
def norm(name: str, real: Any) -> Device:
    """f(u) for |u| within the bound."""
    one, half = real(1.0), real(0.5)

    def softsign(u: Any) -> Any:
        return u / (one + abs(u))

    def sigmoid(u: Any) -> Any:  # sigmoid(u) - 1/2, without the cancellation near 0
        return half * real(math.tanh(half * u))

    def algebraic(u: Any) -> Any:
        return u / real(math.sqrt(one + u * u))

    def tanh(u: Any) -> Any:
        return real(math.tanh(u))

    def identity(u: Any) -> Any:
        return u

    return device(_named(name, softsign, sigmoid, algebraic, tanh, identity))


@cache
def slope(name: str, real: Any) -> Device:
    """f'(u) for |u| within the bound; the exponentials decay, so nothing overflows and nothing cancels."""
    one, two, four = real(1.0), real(2.0), real(4.0)

    def softsign(u: Any) -> Any:
        d = one + abs(u)
        return one / (d * d)

    def sigmoid(u: Any) -> Any:
        e = real(math.exp(-abs(u)))
        return e / ((one + e) * (one + e))

    def algebraic(u: Any) -> Any:
        r = one / real(math.sqrt(one + u * u))
        return r * r * r

    def tanh(u: Any) -> Any:
        e = real(math.exp(-two * abs(u)))
        return four * e / ((one + e) * (one + e))

    def identity(_: Any) -> Any:  # a NaN stays one where it is multiplied; Numba compiles no `del` of an argument
        return one

    return device(_named(name, softsign, sigmoid, algebraic, tanh, identity))


def _named(name: str, *functions: Callable[..., Any]) -> Callable[..., Any]:
    return next(function for function in functions if function.__name__ == name)
