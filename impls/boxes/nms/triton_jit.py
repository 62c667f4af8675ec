"""Triton: a bit for each pair by tiles of 64 x 64, then one program that goes through them in order of score."""

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

    launch = partial(launches.nms, **inputs, threshold=point.axes["threshold"])
    launch()  # compiles
    return launch


BACKEND = Backend(
    about="bits of all pairs and a pass over them, in Triton",
    prepare=prepare,
    devices=frozenset({"cuda"}),
    dtypes=frozenset({"float32", "float64"}),
    rank=20,
    look=("#D55E00", "D"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
