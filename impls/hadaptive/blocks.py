"""The blocks the networks are built of: CNA, Ghost, the adaptive bottleneck, and the classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CNA(nn.Sequential):
    """Convolution without bias, BatchNorm, and Hardswish or no activation: (B, c1, H, W) to (B, c2, H', W').

    The padding is (kernel - 1) // 2 on every side, so none for kernel 2, which at stride 2 halves odd edges downward.
    """

    def __init__(
        self, c1: int, c2: int, kernel: int = 1, stride: int = 1, *, groups: int = 1, activation: bool = True
    ) -> None:
        convolution = nn.Conv2d(c1, c2, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(c2), *([nn.Hardswish()] if activation else []))


class Ghost(nn.Module):
    """(B, c1, H, W) to (B, expanded, H, W): half the channels by a 1x1 convolution, half by a 3x3 depthwise of those.

    Ratio 2, with Hardswish after the first half only. An odd `expanded` drops the last channel of the second half.
    """

    def __init__(self, c1: int, expanded: int) -> None:
        super().__init__()
        half = -(-expanded // 2)
        self.out_channels = expanded
        self.primary = CNA(c1, half)
        self.cheap = CNA(half, half, 3, groups=half, activation=False)

    def forward(self, x: Tensor) -> Tensor:
        primary = self.primary(x)
        return torch.cat([primary, self.cheap(primary)], dim=1)[:, : self.out_channels]


class AdaptiveBottleneck(nn.Module):
    """(B, c1, H, W) to (B, c2, H', W'): expand, filter each channel in space, project back.

    expand: a module from c1 to `expanded` channels, a Ghost or an ACH. The depthwise kernel is 2 at stride 2 and
    `kernel` otherwise; an even one at stride 1 sees one more row and column of zeros behind than before, so that the
    edge stays. The input is added where shapes allow: stride 1 and c1 == c2.
    """

    def __init__(self, c1: int, c2: int, expand: nn.Module, expanded: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.residual = stride == 1 and c1 == c2
        self.expand = expand
        self.spread = _spatial_filter(expanded, depthwise_kernel(kernel, stride), stride)
        self.project = CNA(expanded, c2, activation=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.spread(self.expand(x)))
        return x + y if self.residual else y


def _spatial_filter(channels: int, kernel: int, stride: int) -> nn.Sequential:
    """A depthwise CNA, behind zeros that keep the edge where its own padding is one short of it."""
    layers = CNA(channels, channels, kernel, stride, groups=channels)
    short = stride == 1 and kernel % 2 == 0
    return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), *layers) if short else layers


def depthwise_kernel(kernel: int, stride: int) -> int:
    """2 at stride 2, where windows then tile the map without overlap, else `kernel`."""
    return 2 if stride == 2 else kernel


class Head(nn.Module):
    """(B, c, H, W) to scores (B, classes): mean over space, Linear, Hardswish, Dropout, Linear."""

    def __init__(self, c: int, classes: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.hide = nn.Sequential(nn.Linear(c, hidden), nn.Hardswish(), nn.Dropout(dropout))
        self.classify = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.classify(self.hide(x.mean(dim=(2, 3))))
        return scores
