"""Triton: a program has a block of boxes of one image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.boxes.gpu import unavailable
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    from impls.boxes.gpu import launches

    launch = partial(launches.box_decode, inputs["offsets"], inputs["anchors"], point.axes["clip"])
    launch()  # compiles
    return launch


BACKEND = Backend(
    about="blocks of boxes, in Triton",
    prepare=prepare,
    devices=frozenset({"cuda"}),
    dtypes=frozenset({"float32", "float64"}),
    rank=20,
    look=("#D55E00", "D"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
