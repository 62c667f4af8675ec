"""The same layers computed: real cross-Hadamard products and normalisers, in a dtype, layer after layer.

Every position of the map is a draw of its own. At each, mean and variance are taken over the pairs, and of the
positions the typical one is reported, the median, with the range that holds nine tenths of them. The mean over
positions would not do: without a bounded normaliser a layer squares what distinguishes positions too, so that after few
layers one of them is the mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from impls.cross_hadamard.functional import cross_hadamard
from impls.cross_hadamard.pairs import pair_count
from impls.hadaptive.ach_parts.normalizers import normalizer
from impls.hadaptive.propagation.theory import Moments, Stack
from opbench.errors import UsageError

LOW, HIGH = 0.05, 0.95
"""The shares of positions below the ends of a spread."""

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Spread(NamedTuple):
    """Over positions: the median, and the ends of the middle nine tenths; infinite where those have overflowed."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True)
class Layer:
    """The products of one layer, before its normaliser."""

    depth: int
    """From 1."""
    mean: Spread | None
    """None where at half of the positions a product is not finite."""
    variance: Spread | None
    ratio: Spread | None
    """The mean in standard deviations of the same position."""
    pooled: Moments | None
    """Of the products of all pairs and positions together; None where one is not finite."""
    finite: float
    """Share of the products that are finite numbers."""


@dataclass(frozen=True)
class Sizes:
    """channels: k, of which all pairs are made. positions: of the map, each a draw of its own.

    Raises UsageError for fewer than two channels, two positions, a layer, and for a seed that is none.
    """

    channels: int = 192
    positions: int = 128
    depth: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("channels", 2), ("positions", 2), ("depth", 1), ("seed", 0)):
            if (value := getattr(self, name)) < least:
                raise UsageError(f"{name} is {value}; expected at least {least}")


@torch.no_grad()
def layers(stack: Stack, scale: float, dtype: str, sizes: Sizes) -> Iterator[Layer]:
    """The layers of `stack`, one after another, at rest but for an input that is scaled; ends behind an overflow.

    Weights, input and everything between are of `dtype`, a name in DTYPES; sums of products are as PyTorch makes them.
    BatchNorm's statistics are those of the same layers without the scaling, in float32. The same arguments on the same
    machine give the same bits.
    """
    resting = _start(stack, 1.0, sizes)
    scaled = (scale * resting).to(DTYPES[dtype])
    for depth in range(1, sizes.depth + 1):
        norm = _norm(stack, resting)
        y = cross_hadamard(scaled)
        yield _layer(depth, y)
        if not torch.isfinite(y).any():
            return
        weights, bias = _weights(stack, depth, sizes), stack.bias
        if stack.norm == "bn":
            resting = _mixed(norm(cross_hadamard(resting)), weights, bias)
        scaled = _mixed(norm.to(DTYPES[dtype])(y), weights, bias)


def overflow(found: list[Layer]) -> int | None:
    """The first layer with a product that is no finite number, from 1."""
    return next((layer.depth for layer in found if layer.finite < 1), None)


def typical_overflow(found: list[Layer]) -> int | None:
    """The first layer in which at half of the positions a product is no finite number, from 1."""
    return next((layer.depth for layer in found if layer.variance is None), None)


def _start(stack: Stack, scale: float, sizes: Sizes) -> Tensor:
    """(1, channels, 1, positions), normal, in the resting state."""
    generator = torch.Generator().manual_seed(sizes.seed)
    drawn = torch.randn(1, sizes.channels, 1, sizes.positions, generator=generator)
    return scale * (stack.rest.mean + math.sqrt(stack.rest.variance) * drawn)


def _weights(stack: Stack, depth: int, sizes: Sizes) -> Tensor:
    """(channels, pairs): `a / P + g e / sqrt(P)`, the same e for every stack of a seed."""
    pairs = pair_count(sizes.channels)
    drawn = _drawn(sizes.channels, 1000 * sizes.seed + depth)
    return stack.mean_gain / pairs + stack.gain / math.sqrt(pairs) * drawn


@lru_cache(maxsize=8)
def _drawn(channels: int, seed: int) -> Tensor:
    """(channels, pairs) float32, for every stack, scale and dtype: 14 MB at 192 channels. Not to be written to."""
    return torch.randn(channels, pair_count(channels), generator=torch.Generator().manual_seed(seed))


def _mixed(y: Tensor, weights: Tensor, bias: float) -> Tensor:
    """(1, P, 1, positions) to (1, k, 1, positions), in y's dtype."""
    return (weights.to(y.dtype) @ y[0, :, 0] + bias)[None, :, None]


def _norm(stack: Stack, resting: Tensor) -> nn.Module:
    """The module, BatchNorm with its statistics of the resting state, or in training mode for those of its input."""
    pairs = pair_count(resting.shape[1])
    if stack.norm == "none":
        return nn.Identity()
    if stack.norm not in {"bn", "bn_batch"}:
        return normalizer(stack.norm, pairs)
    norm = nn.BatchNorm2d(pairs, momentum=1.0)
    if stack.norm == "bn":
        norm(cross_hadamard(resting))
        norm.eval()
    return norm


def _layer(depth: int, y: Tensor) -> Layer:
    exact = y[0, :, 0].double()
    finite = torch.isfinite(exact)
    whole = finite.all(dim=0)
    share = float(finite.double().mean())
    pooled = Moments(float(exact.mean()), float(exact.var(correction=0))) if share == 1 else None
    if 2 * int(whole.sum()) <= whole.numel():
        return Layer(depth, None, None, None, None, share)
    # A position with an overflow counts as above all others.
    mean, variance = exact.mean(dim=0), exact.var(dim=0, correction=0)
    kept, of_whole = (mean[whole], variance[whole]), whole.numel()
    spreads = [_spread(values, of_whole) for values in (*kept, kept[0] / kept[1].sqrt())]
    return Layer(depth, spreads[0], spreads[1], spreads[2], pooled, share)


def _spread(values: Tensor, positions: int) -> Spread:
    """Quantiles over all positions, those without a value counted as the highest."""
    padded = torch.full((positions,), math.inf, dtype=torch.float64)
    padded[: values.numel()] = values
    ordered, last = padded.sort().values, positions - 1
    low, mid, high = (float(ordered[round(share * last)]) for share in (LOW, 0.5, HIGH))
    return Spread(low, mid, high)
