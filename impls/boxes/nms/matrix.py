"""Suppression by the matrix of all overlaps, made by whatever function is given; n^2 bytes and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.boxes.nms.greedy import allowed, padded, swept
from impls.boxes.order import by_score
from impls.boxes.threshold import rounded_down
from impls.seeded import dtype_of
from opbench.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Point

    Matrix = Callable[[Tensor, Tensor], Tensor]

MOST_BOXES = 16_384
"""Their matrix is 256 MiB of answers, and 1 GiB for each of the six of overlaps that eager PyTorch holds at a time."""


def check_boxes(point: Point) -> None:
    """Raises MachineError where the matrices would fill the memory."""
    if point.axes["boxes"] > MOST_BOXES:
        raise MachineError(
            f"{point.axes['boxes']} boxes; the matrix of all overlaps is made of at most {MOST_BOXES}: "
            "take torch_eager, torchvision_nms or cpp_ext"
        )


def matrix(point: Point) -> Matrix:
    """`greedy.allowed` with the point's threshold, of boxes and classes in order of score."""
    limit = rounded_down(point.axes["threshold"], dtype_of(point))

    def function(boxes: Tensor, classes: Tensor) -> Tensor:
        return allowed(boxes, classes, limit)

    return function


def kept_by(leaves: Matrix, scores: Tensor, boxes: Tensor, classes: Tensor) -> Tensor:
    """The operator's result, with the matrix that `leaves` makes."""
    order = by_score(scores)
    return padded(order[swept(leaves(boxes[order], classes[order]))], len(scores))
