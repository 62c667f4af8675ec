"""The matrix of all overlaps through torch.compile, as one loop; the pass over it, which goes by values, as it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.boxes.box_iou.operator import by_columns
from impls.boxes.nms.matrix import check_boxes, kept_by, matrix
from impls.compiled import compiled, preparing, why_not
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    check_boxes(point)
    leaves = compiled(matrix(point), by_columns(inputs["boxes"]), inputs["classes"])
    return partial(kept_by, lambda boxes, classes: leaves(by_columns(boxes), classes), *inputs.values())


BACKEND = Backend(
    about="torch.compile of the matrix of all overlaps, and a pass over it",
    prepare=prepare,
    kind="compiler",
    rank=40,
    look=("#E69F00", "^"),
    unavailable=why_not,
    preparing=preparing,
)
