"""The definition in PyTorch, one step after the other: a dozen matrices of all pairs are written and read again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.boxes.box_iou.operator import overlaps
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, __: Tensor | None, ___: str) -> Launch:
    return partial(overlaps, *inputs.values())


BACKEND = Backend(
    about="PyTorch, one step after the other",
    prepare=prepare,
    kind="framework",
    rank=60,
    look=("#000000", "s"),
)
