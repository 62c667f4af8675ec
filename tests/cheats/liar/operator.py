"""out = 2 * x for a vector of `size` elements: the simplest thing one can lie about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from opbench import Axis, Operator, Tolerance, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from opbench import Inputs, Point


def inputs(point: Point) -> Inputs:
    """x (size,) of 1, 2, 3, ...; `offset` adds to all, for a cheat that ignores it."""
    values = torch.arange(1, point.axes["size"] + 1, dtype=torch.float32)
    return {"x": values, "offset": torch.tensor(3.0)}


def reference(_: Point, inputs: Inputs) -> torch.Tensor:
    return 2 * inputs["x"].double() + inputs["offset"].double()


def work(point: Point) -> Work:
    size = point.axes["size"]
    return Work(macs=0, products=0, elementwise=2 * size, bytes_read=4 * size + 4, bytes_written=4 * size)


def eager(_: Point) -> Callable[..., torch.Tensor]:
    return lambda x, offset: 2 * x + offset


OPERATOR = Operator(
    name="liar",
    about="doubles a vector",
    axes=(Axis("size", "elements", default=7),),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances={"float32": Tolerance(rtol=1e-6)},
    check_points=({"size": 1}, {"size": 7}),
    modes=frozenset({"forward", "out"}),
)
