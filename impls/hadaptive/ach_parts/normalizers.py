"""The bounded element-wise normalisers of the pairs: f(alpha * x) * weight + bias (Eq. 11 and its variants).

A product of two unbounded channels has heavy tails. BatchNorm lets them through and shares its statistics with them;
these bound every element by itself, train and evaluate alike, and keep no statistics. BatchNorm is here by name too,
because the paper's ablation (figure 3) and every second block of the M and L networks use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from impls.cross_hadamard import norms
from opbench.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class DynamicNorm(nn.Module):
    """f(alpha * x) * weight + bias, alpha one value, weight and bias one per channel; all three are learned.

    x: (B, channels, *spatial), any floating dtype; returns the same shape and dtype.
    """

    f: ClassVar[str]
    """The bounded function, by its name in `impls.cross_hadamard.norms`, which is what `ach_expand` calls it too."""
    alpha_start: ClassVar[float] = 0.5
    weight_start: ClassVar[float] = 1.0

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.full((1,), self.alpha_start))
        self.weight = nn.Parameter(torch.full((channels,), self.weight_start))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        # One dimension fewer than x: counting tells a scale from a factor by that.
        column = (-1, *(1,) * (x.dim() - 2))
        scaled = norms.apply(self.f, self.alpha * x) * self.weight.view(column) + self.bias.view(column)
        return scaled.to(x.dtype)  # under autocast the parameters stay in float32

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, f={self.f}"


class DySoft(DynamicNorm):
    """f(u) = u / (1 + |u|), the paper's choice (Eq. 11)."""

    f = "softsign"


class DySig(DynamicNorm):
    """f(u) = sigmoid(u) - 0.5. It spans one, not two, and is flatter at zero: hence the other starts (table 1)."""

    f = "sigmoid"
    alpha_start = 0.35
    weight_start = 2.0


class DyAlge(DynamicNorm):
    """f(u) = u / sqrt(1 + u^2) (table 1)."""

    f = "algebraic"


class DyT(DynamicNorm):
    """f(u) = tanh(u): Dynamic Tanh, arXiv 2503.10622."""

    f = "tanh"


NORMALIZERS: Mapping[str, Callable[[int], nn.Module]] = {
    "dysoft": DySoft,
    "dysig": DySig,
    "dyalge": DyAlge,
    "dyt": DyT,
    "bn": nn.BatchNorm2d,
}
"""By the names that configurations use; each is called with its number of channels."""


def normalizer(name: str, channels: int) -> nn.Module:
    """A fresh normaliser of `channels` channels. Raises UsageError for an unknown name, listing those that exist."""
    check_normalizer(name)
    return NORMALIZERS[name](channels)


def check_normalizer(name: object) -> None:
    """Raises UsageError unless `name` is one of NORMALIZERS."""
    if not isinstance(name, str) or name not in NORMALIZERS:
        raise unknown("norm", str(name), NORMALIZERS, "of ACH")
