"""Layers of drawn weights, and the same by the definition in float64: what tests of the library compare."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from impls.cross_hadamard import norms
from impls.inference import layers

TOLERANCE = 2e-6
"""Of the largest output: float32 sums of up to a thousand terms."""


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape) + seed))


def agrees(found: Tensor, expected: Tensor, tolerance: float = TOLERANCE) -> bool:
    """Whether they differ by no more than `tolerance` of the largest value, and by nothing where that is not finite."""
    expected = expected.float()
    if found.shape != expected.shape:
        return False
    limit = tolerance * max(1.0, _largest(expected))
    return torch.allclose(found, expected, rtol=tolerance, atol=limit, equal_nan=True)


def _largest(values: Tensor) -> float:
    finite = values[values.isfinite()].abs()
    return float(finite.max()) if finite.numel() else 0.0


def nchw(x: Tensor) -> Tensor:
    return x.double().permute(0, 3, 1, 2)


def nhwc(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


@dataclass(frozen=True)
class Spread:
    """The depthwise convolution and the projection, as weights."""

    expanded: int
    outputs: int
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1

    def weights(self) -> tuple[Tensor, ...]:
        e, area = self.expanded, self.kernel[0] * self.kernel[1]
        depthwise = drawn(e, *self.kernel, seed=1) / area**0.5, drawn(e, seed=2) / 4
        return *depthwise, drawn(self.outputs, e, seed=3) / e**0.5, drawn(self.outputs, seed=4)

    def reference(self, expanded: Tensor, residual: Tensor | None) -> Tensor:
        """(B, E, H, W) float64 to (B, c2, H', W'): an even window at stride 1 sees one more row and column behind."""
        depthwise, depthwise_bias, project, project_bias = (w.double() for w in self.weights())
        before = [(k - 1) // 2 for k in self.kernel]
        behind = [k - 1 - b if self.stride == 1 else b for k, b in zip(self.kernel, before, strict=True)]
        bordered = F.pad(expanded, (before[1], behind[1], before[0], behind[0]))
        y = F.conv2d(bordered, depthwise[:, None], depthwise_bias, self.stride, groups=self.expanded)
        y = F.conv2d(F.hardswish(y), project[:, :, None, None], project_bias)
        return y if residual is None else y + residual


@dataclass(frozen=True)
class Ach:
    """An `ach_bottleneck` of drawn weights."""

    channels: int = 19
    k: int = 5
    outputs: int = 21
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1
    norm: str = "softsign"
    mix: str = "matrix"
    residual: bool = False
    taps: int = 5

    @property
    def pairs(self) -> int:
        return self.k * (self.k - 1) // 2

    @property
    def spread(self) -> Spread:
        outputs = self.channels if self.residual else self.outputs
        return Spread(self.channels + self.pairs, outputs, self.kernel, self.stride)

    def mix_weight(self) -> Tensor | None:
        c = self.channels
        kinds = {"matrix": drawn(c, c, seed=5) / c**0.5, "scale": drawn(c, seed=6)}
        return kinds.get(self.mix)

    def first(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The bias of the mixing, the taps, and weight and bias of the normaliser."""
        return (
            drawn(self.channels, seed=7),
            drawn(self.taps, seed=8),
            drawn(self.pairs, seed=9),
            drawn(self.pairs, seed=10),
        )

    def layer(self) -> layers.Layer:
        bias, taps, weight, norm_bias = self.first()
        return layers.ach_bottleneck(
            self.mix_weight(),
            bias,
            taps,
            self.k,
            self.norm,
            0.7,
            weight,
            norm_bias,
            *self.spread.weights(),
            stride=self.stride,
            residual=self.residual,
        )

    def mixed(self, x: Tensor) -> Tensor:
        weight, bias = self.mix_weight(), self.first()[0].double()
        if weight is None:
            return nchw(x) + bias[:, None, None]
        if weight.dim() == 1:
            return nchw(x) * weight.double()[:, None, None] + bias[:, None, None]
        return F.conv2d(nchw(x), weight.double()[:, :, None, None], bias)

    def index(self, x: Tensor) -> Tensor:
        """The k channels with the highest scores, by a plain sort of sums in float64."""
        means, taps = self.mixed(x).mean((2, 3)), self.first()[1].double()
        scores = F.conv1d(means[:, None], taps[None, None], padding=self.taps // 2)[:, 0]
        return scores.sort(dim=1, descending=True, stable=True).indices[:, : self.k]

    def reference(self, x: Tensor, index: Tensor | None = None) -> Tensor:
        mixed = self.mixed(x)
        _, _, weight, bias = self.first()
        chosen = self.index(x) if index is None else index
        z = mixed.gather(1, chosen[:, :, None, None].expand(-1, -1, *mixed.shape[2:]))
        products = [z[:, i] * z[:, j] for i, j in combinations(range(self.k), 2)]
        expanded = mixed
        if products:
            f = norms.apply(self.norm, 0.7 * torch.stack(products, 1))
            expanded = torch.cat([mixed, f * weight.double()[:, None, None] + bias.double()[:, None, None]], 1)
        return nhwc(self.spread.reference(expanded, nchw(x) if self.residual else None))


@dataclass(frozen=True)
class Ghost:
    """A `ghost_bottleneck` of drawn weights."""

    channels: int = 13
    expanded: int = 23
    outputs: int = 21
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1
    residual: bool = False

    @property
    def spread(self) -> Spread:
        outputs = self.channels if self.residual else self.outputs
        return Spread(self.expanded, outputs, self.kernel, self.stride)

    def first(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        half = -(-self.expanded // 2)
        primary = drawn(half, self.channels, seed=5) / self.channels**0.5, drawn(half, seed=6)
        return *primary, drawn(half, 3, 3, seed=7) / 3, drawn(half, seed=8)

    def layer(self) -> layers.Layer:
        return layers.ghost_bottleneck(
            *self.first(), self.expanded, *self.spread.weights(), stride=self.stride, residual=self.residual
        )

    def reference(self, x: Tensor) -> Tensor:
        weight, bias, cheap, cheap_bias = (w.double() for w in self.first())
        primary = F.hardswish(F.conv2d(nchw(x), weight[:, :, None, None], bias))
        second = F.conv2d(primary, cheap[:, None], cheap_bias, padding=1, groups=len(cheap))
        expanded = torch.cat([primary, second], 1)[:, : self.expanded]
        return nhwc(self.spread.reference(expanded, nchw(x) if self.residual else None))
