"""The functions f(u) of a dynamic normaliser f(alpha * product) * weight + bias, and their slopes.

All in the dtype of u, float32 or float64. Exponentials are of negative arguments only, so nothing overflows, and
there is no hyperbolic function among them because not every place these kernels run offers one.
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel

NORMS = ("softsign", "sigmoid", "algebraic", "tanh", "identity")


@kernel
def limited(u: tl.tensor) -> tl.tensor:
    """u within +-1e18 (float64: +-1e150): its square stays finite and infinities give +-1; NaN passes through."""
    if u.dtype == tl.float64:
        u = tl.where(u > 1e150, 1e150, u)
        u = tl.where(u < -1e150, -1e150, u)
    else:
        u = tl.where(u > 1e18, 1e18, u)
        u = tl.where(u < -1e18, -1e18, u)
    return u


@kernel
def tanh(u: tl.tensor) -> tl.tensor:
    """Below 1/2 the eighth convergent of Lambert's continued fraction (relative error 1e-17 there): no cancellation.

    Above it (1 - e) / (1 + e) with e = exp(-2|u|).
    """
    square = u * u
    above = (((36.0 * square + 6930.0) * square + 270270.0) * square + 2027025.0) * u
    below = (((square + 630.0) * square + 51975.0) * square + 945945.0) * square + 2027025.0
    e = tl.exp(-2.0 * tl.abs(u))
    far = (1.0 - e) / (1.0 + e)
    far = tl.where(u < 0, -far, far)
    return tl.where(tl.abs(u) < 0.5, above / below, far)


@kernel
def tanh_slope(u: tl.tensor) -> tl.tensor:
    """1 - tanh(u)^2 without the subtraction: 4e / (1 + e)^2 with e = exp(-2|u|)."""
    e = tl.exp(-2.0 * tl.abs(u))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


@kernel
def value(u: tl.tensor, norm: tl.constexpr) -> tl.tensor:
    """f(u) for the normaliser named `norm`."""
    if norm != "identity":
        u = limited(u)
    if norm == "softsign":
        f = u / (1.0 + tl.abs(u))
    elif norm == "algebraic":
        f = u / tl.sqrt(1.0 + u * u)
    elif norm == "sigmoid":
        f = 0.5 * tanh(0.5 * u)  # sigmoid(u) - 1/2, without the subtraction
    elif norm == "identity":
        f = u
    else:
        f = tanh(u)
    return f


@kernel
def slope(u: tl.tensor, norm: tl.constexpr) -> tl.tensor:
    """f'(u) for the normaliser named `norm`."""
    if norm != "identity":
        u = limited(u)
    if norm == "softsign":
        root = 1.0 / (1.0 + tl.abs(u))
        f = root * root
    elif norm == "algebraic":
        root = 1.0 / tl.sqrt(1.0 + u * u)
        f = root * root * root
    elif norm == "sigmoid":
        f = 0.25 * tanh_slope(0.5 * u)
    elif norm == "identity":
        f = tl.full(u.shape, 1.0, u.dtype)
    else:
        f = tanh_slope(u)
    return f
