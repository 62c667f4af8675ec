"""The paper's element-wise normalisers (Eq. 11 and its variants), by the standard names of their functions.

Each is N(v) = f(alpha * v) * weight + bias with f bounded, odd and increasing. An infinite argument gives the bound,
not the NaN that inf / inf would: products of large half-precision values overflow, and a normaliser is there to
bound them. `identity`, which bounds nothing, is for normalisers that are affine once trained.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from opbench.errors import unknown

if TYPE_CHECKING:
    from torch import Tensor

FAR = 1e18
"""Beyond this |u| every bounded f equals its bound in float32 and float64, and u * u is still finite in float32."""


def _softsign(u: Tensor) -> Tensor:
    return u / (1 + u.abs())


def _algebraic(u: Tensor) -> Tensor:
    return u / (1 + u * u).sqrt()


def _sigmoid(u: Tensor) -> Tensor:
    return u.sigmoid() - 0.5


def _softsign_slope(u: Tensor) -> Tensor:
    return (1 + u.abs()).square().reciprocal()


def _algebraic_slope(u: Tensor) -> Tensor:
    return (1 + u * u).rsqrt().pow(3)


def _sigmoid_slope(u: Tensor) -> Tensor:
    s = u.sigmoid()
    return s * (1 - s)


def _tanh_slope(u: Tensor) -> Tensor:
    return 1 - u.tanh().square()


def _identity(u: Tensor) -> Tensor:
    return u


NORMS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "softsign": (_softsign, _softsign_slope),  # DySoft
    "sigmoid": (_sigmoid, _sigmoid_slope),  # DySig
    "algebraic": (_algebraic, _algebraic_slope),  # DyAlge
    "tanh": (torch.tanh, _tanh_slope),  # DyT
    "identity": (_identity, torch.ones_like),  # BatchNorm with running statistics: weight and bias alone
}
"""f and its derivative, by name."""

ELEMENTWISE = {"softsign": 6, "sigmoid": 5, "algebraic": 7, "tanh": 4, "identity": 3}
"""Operations per element of the unfused definition: alpha, f, weight and bias, each operation of f counted."""


def check_norm(name: str) -> None:
    """Raises UsageError for a name that is not a normaliser."""
    if name not in NORMS:
        raise unknown("norm", str(name), NORMS, "of ach_expand")


def apply(norm: str, u: Tensor) -> Tensor:
    """f(u), element by element, in u's dtype."""
    return NORMS[norm][0](_argument(norm, u))


def slope(norm: str, u: Tensor) -> Tensor:
    """f'(u), element by element, in u's dtype."""
    return NORMS[norm][1](_argument(norm, u))


def _argument(norm: str, u: Tensor) -> Tensor:
    if norm == "identity":
        return u
    far = min(FAR, torch.finfo(u.dtype).max)
    return u.clamp(-far, far)  # keeps NaN
