"""To whole numbers: to the nearest, ties to even, or stochastically."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


def to_integers(x: Tensor, random: torch.Generator | None = None) -> Tensor:
    """x: any shape, float32 or float64. The nearest whole numbers, ties to even, in x's dtype.

    random: rounds stochastically by its draws in place of that: up with a probability of the fraction above the number
    below, which it exceeds by less than 2^-24, for draws are multiples of that. So a whole number stays one, and the
    expected value is x.
    """
    if random is None:
        return torch.round(x)
    below = torch.floor(x)
    drawn = torch.rand(x.shape, generator=random, dtype=torch.float32)
    return below + (drawn < x - below).to(x.dtype)


def power_below(x: Tensor) -> Tensor:
    """x: float32. The largest power of two that is no larger than |x|: by its exponent's bits, so exact.

    0 for zero and for subnormals, below 2^-126.
    """
    return (x.view(torch.int32) & 0x7F800000).view(torch.float32)
