"""Ghost expansion, ratio 2: s = ceil(n/2) primary channels by 1x1 convolution, the rest cheaply from those.

The cheap channels are a 3x3 depthwise convolution of the first n - s primary ones, with BatchNorm and without
activation, so that there are exactly n channels for odd n too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from impls.expansion.family import expansion_operator
from impls.expansion.layers import normalised
from impls.expansion.operation_counts import BATCH_NORM, HARDSWISH, work_of
from impls.expansion.references import exact, hard_swish, mix, normalise, spread
from impls.expansion.values import Shapes, kernel, materialise, norm_shapes, norm_values, normal
from impls.expansion.width import width
from opbench import Axes, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Point

TAPS = 9


def primary(n: int) -> int:
    """s, the channels computed by the 1x1 convolution."""
    return (n + 1) // 2


def shapes(axes: Axes) -> Shapes:
    """x, weight (s, m, 1, 1), BatchNorm's four (s,); then the same of the cheap path: (n - s, 1, 3, 3), (n - s,)."""
    size = width(axes)
    s = primary(size.n)
    return {
        "x": (size.batch, size.m, size.edge, size.edge),
        "weight": (s, size.m, 1, 1),
        **norm_shapes(s),
        "cheap_weight": (size.n - s, 1, 3, 3),
        **norm_shapes(size.n - s, "cheap_"),
    }


def inputs(point: Point) -> Inputs:
    layout = shapes(point.axes)

    def draw(random: torch.Generator) -> dict[str, Tensor]:
        return {
            "x": normal(layout["x"], random),
            "weight": kernel(layout["weight"], random),
            **norm_values(layout["mean"][0], random),
            "cheap_weight": kernel(layout["cheap_weight"], random),
            **norm_values(layout["cheap_mean"][0], random, "cheap_"),
        }

    return materialise(point, layout, draw)


def reference(_: Point, inputs: Inputs) -> Tensor:
    values = list(exact(inputs).values())
    x, weight, cheap_weight = values[0], values[1], values[6]
    first = hard_swish(normalise(mix(x, weight), *values[2:6]))
    cheap = normalise(spread(first[:, : cheap_weight.shape[0]], cheap_weight), *values[7:])
    return torch.cat([first, cheap], dim=1)


def work(point: Point) -> Work:
    size = width(point.axes)
    s = primary(size.n)
    first, cheap = s * size.pixels, (size.n - s) * size.pixels
    return work_of(
        point,
        size,
        shapes(point.axes),
        macs=first * size.m + cheap * TAPS,
        elementwise=(BATCH_NORM + HARDSWISH) * first + BATCH_NORM * cheap,
    )


def eager(_: Point) -> Callable[..., Tensor]:
    def expand(x: Tensor, weight: Tensor, *rest: Tensor) -> Tensor:
        norm, cheap_weight, cheap_norm = rest[:4], rest[4], rest[5:]
        first = functional.hardswish(normalised(functional.conv2d(x, weight), *norm))
        groups = cheap_weight.shape[0]
        if groups == 0:  # of one channel nothing is left to be made cheaply, and conv2d takes no 0 groups
            return first
        cheap = functional.conv2d(first[:, :groups], cheap_weight, padding=1, groups=groups)
        return torch.cat([first, normalised(cheap, *cheap_norm)], dim=1)

    return expand


OPERATOR = expansion_operator(
    name="ghost",
    about="expansion by 1x1 convolution to half of the channels and a 3x3 depthwise one to the other half",
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
)
