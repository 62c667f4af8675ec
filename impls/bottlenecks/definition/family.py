"""From what is an operator's own, its expansion, to the operator: the rest is the same for both.

Tolerances are the expansions': with u half a unit in the last place, the worst |got - want| / (rms + |want|) over
check points and the networks' shapes is 32 u of 128 in float32 (eager; 51 in C++), 26 u of 128 in float64, 7.7 u of 16
in half precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from impls.bottlenecks.definition import filter_and_project as half
from impls.bottlenecks.definition.geometry import LAYOUT, Geometry, axes_with
from impls.expansion.references import exact
from impls.expansion.tolerances import TOLERANCES
from impls.expansion.values import Shapes, materialise
from impls.seeded import itemsize
from opbench import Axes, Axis, Operator, Work

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Point
    from opbench.vocabulary.case import AxisValue


@dataclass(frozen=True)
class Counts:
    """Of one expansion."""

    macs: int
    products: int
    elementwise: int


@dataclass(frozen=True)
class Expansion:
    """What one bottleneck does before its depthwise convolution.

    geometry(axes): the point's sizes; raises UsageError for axes that do not go together.
    shapes(axes): of x and the expansion's parameters, in the eager function's order.
    drawn(axes, random): float32 values of those.
    eager(point), reference(point): functions of x and all values by name to (batch, E, edge, edge).
    counts(axes): the arithmetic.
    """

    geometry: Callable[[Axes], Geometry]
    shapes: Callable[[Axes], Shapes]
    drawn: Callable[[Axes, torch.Generator], Mapping[str, Tensor]]
    eager: Callable[[Point], Callable[[Tensor, Inputs], Tensor]]
    reference: Callable[[Point], Callable[[Tensor, Inputs], Tensor]]
    counts: Callable[[Axes], Counts]

    def all_shapes(self, axes: Axes) -> Shapes:
        """Of x, and of the parameters of both halves."""
        return self.shapes(axes) | half.shapes(self.geometry(axes))


def bottleneck_operator(
    name: str, about: str, own: tuple[Axis, ...], expansion: Expansion, check_points: tuple[dict[str, AxisValue], ...]
) -> Operator:
    """The operator `name`; its backends are those of `impls.bottlenecks.backends`. own: axes of the expansion."""

    def inputs(point: Point) -> Inputs:
        """x (batch, C, edge, edge) in the point's layout, then every parameter as a trained block has it.

        The values are the same in both layouts.
        """

        def draw(random: torch.Generator) -> Mapping[str, Tensor]:
            size = expansion.geometry(point.axes)
            return {**expansion.drawn(point.axes, random), **half.drawn(size, random)}

        seeding = Axes({axis: value for axis, value in point.axes.items() if axis != LAYOUT.name})
        values = materialise(replace(point, axes=seeding), expansion.all_shapes(point.axes), draw)
        last = point.axes[LAYOUT.name] == "channels_last"
        x = values["x"].contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
        return {**values, "x": x}

    def reference(point: Point, inputs: Inputs) -> Tensor:
        """In float64, piece by piece, by nothing that a backend calls."""
        values = exact(inputs)
        wide = expansion.reference(point)(values["x"], values)
        return half.reference(values["x"], wide, values, expansion.geometry(point.axes))

    def work(point: Point) -> Work:
        """The bytes are the fused limit: x and every weight read, the projection written, nothing wide moved."""
        size, own_counts = expansion.geometry(point.axes), expansion.counts(point.axes)
        elements = sum(map(math.prod, expansion.all_shapes(point.axes).values()))
        return Work(
            macs=own_counts.macs + half.macs(size),
            products=own_counts.products,
            elementwise=own_counts.elementwise + half.elementwise(size),
            bytes_read=elements * itemsize(point),
            bytes_written=size.out_pixels * size.out_channels * itemsize(point),
        )

    def eager(point: Point) -> Callable[..., Tensor]:
        """Of the inputs in their order, in PyTorch's own operators."""
        size, expand, names = expansion.geometry(point.axes), expansion.eager(point), expansion.all_shapes(point.axes)

        def function(*tensors: Tensor) -> Tensor:
            values = dict(zip(names, tensors, strict=True))
            return half.eager(values["x"], expand(values["x"], values), values, size)

        return function

    def sizes(axes: Axes) -> Mapping[str, int]:
        size = expansion.geometry(axes)
        return {"expanded": size.expanded, "out_edge": size.out_edge}

    return Operator(
        name=name,
        about=about,
        axes=axes_with(*own),
        inputs=inputs,
        reference=reference,
        work=work,
        eager=eager,
        tolerances=TOLERANCES,
        check_points=check_points,
        sizes=sizes,
        backends="impls.bottlenecks",
    )
