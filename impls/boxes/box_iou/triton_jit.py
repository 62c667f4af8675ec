"""Triton: a program has a tile of pairs, its boxes and others in registers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.boxes.gpu import unavailable
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, __: Tensor | None, ___: str) -> Launch:
    from impls.boxes.gpu import launches

    launch = partial(launches.box_iou, *inputs.values())
    launch()  # compiles
    return launch


BACKEND = Backend(
    about="tiles of pairs, in Triton",
    prepare=prepare,
    devices=frozenset({"cuda"}),
    dtypes=frozenset({"float32", "float64"}),
    rank=20,
    look=("#D55E00", "D"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
