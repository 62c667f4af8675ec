"""Networks that the tests prepare: small, every kind of layer in them, weights that select decisively."""

from __future__ import annotations

import torch
from torch import Tensor

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.network import HadaptiveNet, build

from ..scenes import drawn

EVERY_KIND = NetworkConfig(
    (
        Convolution(7, kernel=2, stride=2, activation=False),
        Convolution(9, kernel=3),
        GhostBottleneck(9, 2.5, kernel=5),
        GhostBottleneck(11, 3.0, stride=2),
        HadaBottleneck(11, k=5, kernel=5),
        HadaBottleneck(11, k=4, norm="bn"),
        HadaBottleneck(13, k=11, kernel=4, norm="dyt"),
        HadaBottleneck(12, k=2, kernel=3, stride=2, norm="dysig"),
        HadaBottleneck(12, k=3, norm="dyalge", pointwise=False),
    ),
    width=17,
    hidden=19,
)
"""Odd channels, a Ghost whose half is dropped, even kernels at either stride, every normaliser, residuals and none."""


def net(config: NetworkConfig = EVERY_KIND, *, features_only: bool = False) -> HadaptiveNet:
    return drawn(build(config, 5, features_only=features_only)).requires_grad_(requires_grad=False)


def images(batch: int = 3, edge: int = 29, seed: int = 0) -> Tensor:
    return torch.randn((batch, 3, edge, edge + 4), generator=torch.Generator().manual_seed(seed))


def off(got: Tensor, want: Tensor) -> float:
    """The largest difference, over the largest of `want`."""
    assert got.shape == want.shape
    return float((got - want).abs().max() / want.abs().max())
