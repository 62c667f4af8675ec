"""All overlaps at once in PyTorch, then one pass over the rows of the boxes that are kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.boxes.nms.matrix import check_boxes, kept_by, matrix
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    check_boxes(point)
    return partial(kept_by, matrix(point), *inputs.values())


BACKEND = Backend(
    about="PyTorch, the matrix of all overlaps and a pass over it",
    prepare=prepare,
    kind="framework",
    rank=70,
    look=("#56B4E9", "v"),
)
