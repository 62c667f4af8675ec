"""The adaptive bottleneck expanded by Ghost, in eval: half by 1x1 convolution, half by a 3x3 depthwise one of those,
then filtered in space and projected as ACH's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from impls.bottlenecks.definition.family import Counts, Expansion, bottleneck_operator
from impls.bottlenecks.definition.filter_and_project import norm_of
from impls.bottlenecks.definition.geometry import Geometry, geometry
from impls.expansion.ghost.operator import TAPS, primary
from impls.expansion.layers import normalised
from impls.expansion.operation_counts import BATCH_NORM, HARDSWISH
from impls.expansion.references import hard_swish, mix, normalise, spread
from impls.expansion.values import Shapes, kernel, norm_shapes, norm_values, normal
from opbench import Axes, Axis
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Point


def size_of(axes: Axes) -> Geometry:
    """Raises UsageError for a ratio that leaves no channel."""
    expanded = int(axes["ratio"] * axes["channels"])
    if expanded < 1:
        raise UsageError(
            f"ratio is {axes['ratio']:g} of {axes['channels']} channels; expected at least one channel expanded"
        )
    return geometry(axes, expanded)


def shapes(axes: Axes) -> Shapes:
    """x, primary_weight (half, C, 1, 1), its BatchNorm's four (half,), cheap_weight (half, 1, 3, 3) and its four; half
    is half the expanded channels, rounded up: of an odd number the last cheap one is dropped, as `Ghost` does.
    """
    size = size_of(axes)
    half = primary(size.expanded)
    return {
        "x": (size.batch, size.channels, size.edge, size.edge),
        "primary_weight": (half, size.channels, 1, 1),
        **norm_shapes(half, "primary_"),
        "cheap_weight": (half, 1, 3, 3),
        **norm_shapes(half, "cheap_"),
    }


def drawn(axes: Axes, random: torch.Generator) -> dict[str, Tensor]:
    of = shapes(axes)
    half = of["cheap_weight"][0]
    return {
        "x": normal(of["x"], random),
        "primary_weight": kernel(of["primary_weight"], random),
        **norm_values(half, random, "primary_"),
        "cheap_weight": kernel(of["cheap_weight"], random),
        **norm_values(half, random, "cheap_"),
    }


def eager(point: Point) -> Callable[[Tensor, Inputs], Tensor]:
    expanded = size_of(point.axes).expanded

    def expand(x: Tensor, values: Inputs) -> Tensor:
        first = normalised(functional.conv2d(x, values["primary_weight"]), *norm_of(values, "primary_"))
        first = functional.hardswish(first)
        cheap = functional.conv2d(first, values["cheap_weight"], padding=1, groups=first.shape[1])
        return torch.cat([first, normalised(cheap, *norm_of(values, "cheap_"))], dim=1)[:, :expanded]

    return expand


def reference(point: Point) -> Callable[[Tensor, Inputs], Tensor]:
    expanded = size_of(point.axes).expanded

    def expand(x: Tensor, values: Inputs) -> Tensor:
        first = hard_swish(normalise(mix(x, values["primary_weight"]), *norm_of(values, "primary_")))
        cheap = normalise(spread(first, values["cheap_weight"]), *norm_of(values, "cheap_"))
        return torch.cat([first, cheap], dim=1)[:, :expanded]

    return expand


def counts(axes: Axes) -> Counts:
    """The cheap channel that an odd number drops is counted, since the definition computes it."""
    size = size_of(axes)
    first = primary(size.expanded) * size.pixels
    return Counts(
        macs=first * (size.channels + TAPS), products=0, elementwise=(BATCH_NORM + HARDSWISH + BATCH_NORM) * first
    )


OPERATOR = bottleneck_operator(
    "ghost_bottleneck",
    "adaptive bottleneck by Ghost: 1x1 and cheap 3x3 expansion, filter in space, project",
    (Axis("ratio", "expanded over input channels, rounded down to whole channels", default=4.0),),
    Expansion(size_of, shapes, drawn, eager, reference, counts),
    (
        {"batch": 3, "channels": 7, "out_channels": 7, "edge": 7, "ratio": 3.0, "kernel": 3},
        {"batch": 1, "channels": 17, "out_channels": 11, "edge": 13, "ratio": 1.5},
        {"batch": 2, "channels": 19, "out_channels": 5, "edge": 7, "ratio": 2.0, "kernel": 2, "stride": 2},
        {
            "batch": 1,
            "channels": 5,
            "out_channels": 3,
            "edge": 3,
            "ratio": 4.0,
            "kernel": 7,
            "layout": "channels_first",
        },
        {"batch": 2, "channels": 5, "out_channels": 5, "edge": 1, "ratio": 2.2},
        {"batch": 1, "channels": 6, "out_channels": 6, "edge": 5, "ratio": 1.0, "kernel": 4},
        {"batch": 1, "channels": 5, "out_channels": 7, "edge": 8, "ratio": 2.0, "kernel": 3, "stride": 3},
        {
            "batch": 1,
            "channels": 1,
            "out_channels": 1,
            "edge": 3,
            "ratio": 1.0,
            "kernel": 1,
            "layout": "channels_first",
        },
        {"batch": 0, "channels": 5, "out_channels": 5, "edge": 7, "ratio": 2.0, "kernel": 3},
    ),
)
