"""Row by row in PyTorch: the best box left against all others that are left, until none is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.boxes.nms.operator import eager
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    return partial(eager(point), *inputs.values())


BACKEND = Backend(
    about="PyTorch, a row of overlaps for each box that is kept",
    prepare=prepare,
    kind="framework",
    rank=60,
    look=("#000000", "s"),
)
