"""out = 2 * x for a vector of `size` elements: the simplest thing one can lie about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from opbench import Axis, Operator, Tolerance, Work

from .. import behaving

if TYPE_CHECKING:
    from collections.abc import Callable

    from opbench import Inputs, Point


def inputs(point: Point) -> Inputs:
    """x (size,) of 1, 2, 3, ...; `offset` adds to all, for a cheat that ignores it.

    In mode `backward` first grad (size,).
    """
    values = torch.arange(1, point.axes["size"] + 1, dtype=torch.float32)
    found = {"x": values, "offset": torch.tensor(3.0)}
    return {"grad": values.flip(0)} | found if point.mode == "backward" else found


def reference(point: Point, inputs: Inputs) -> torch.Tensor:
    if point.mode == "backward":
        return 2 * inputs["grad"].double()
    return 2 * inputs["x"].double() + inputs["offset"].double()


def work(point: Point) -> Work:
    size = point.axes["size"]
    return Work(macs=0, products=0, elementwise=2 * size, bytes_read=4 * size + 4, bytes_written=4 * size)


def eager(_: Point) -> Callable[..., torch.Tensor]:
    return lambda x, offset: 2 * x + offset


assert behaving.SCRIPTED  # imported for what it does to the clock

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
    modes=frozenset({"forward", "out", "backward"}),
    backward_tolerances={"float32": Tolerance(rtol=1e-6)},
)
