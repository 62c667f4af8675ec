"""Pointwise expansion: 1x1 convolution m -> n without bias, BatchNorm, Hardswish (MobileNetV2's first half)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

from impls.expansion.family import expansion_operator
from impls.expansion.layers import normalised
from impls.expansion.operation_counts import BATCH_NORM, HARDSWISH, work_of
from impls.expansion.references import exact, hard_swish, mix, normalise
from impls.expansion.values import Shapes, kernel, materialise, norm_shapes, norm_values, normal
from impls.expansion.width import width
from opbench import Axes, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor

    from opbench import Inputs, Point


def shapes(axes: Axes) -> Shapes:
    """x (batch, m, edge, edge), weight (n, m, 1, 1), BatchNorm's four (n,)."""
    size = width(axes)
    x = (size.batch, size.m, size.edge, size.edge)
    return {"x": x, "weight": (size.n, size.m, 1, 1), **norm_shapes(size.n)}


def inputs(point: Point) -> Inputs:
    layout = shapes(point.axes)

    def draw(random: torch.Generator) -> dict[str, Tensor]:
        x, weight = normal(layout["x"], random), kernel(layout["weight"], random)
        return {"x": x, "weight": weight, **norm_values(layout["mean"][0], random)}

    return materialise(point, layout, draw)


def reference(_: Point, inputs: Inputs) -> Tensor:
    x, weight, *norm = exact(inputs).values()
    return hard_swish(normalise(mix(x, weight), *norm))


def work(point: Point) -> Work:
    size = width(point.axes)
    outputs = size.n * size.pixels
    elementwise = (BATCH_NORM + HARDSWISH) * outputs
    return work_of(point, size, shapes(point.axes), macs=outputs * size.m, elementwise=elementwise)


def eager(_: Point) -> Callable[..., Tensor]:
    def expand(x: Tensor, weight: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        return functional.hardswish(normalised(functional.conv2d(x, weight), mean, variance, gamma, beta))

    return expand


OPERATOR = expansion_operator(
    name="pointwise",
    about="expansion by 1x1 convolution, BatchNorm, Hardswish",
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
)
