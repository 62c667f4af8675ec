"""Greedy non-maximum suppression by class: in order of score, a box is kept unless one kept before overlaps it more.

The result has the length of the input, so that it can be compared and timed like any other: indices of the boxes that
are kept, in order of score, and -1 behind them. "More" is: the overlap, computed in the dtype of the boxes and rounded
at every step, is above the threshold, as real numbers. Every backend keeps the same boxes, to the last one.

- Equal scores: the lower index first. torchvision's CPU kernel sorts so too, and promises it of no device.
- A score that is NaN is higher than any number, as in torch.sort.
- A box without area, inverted, or with a coordinate that is NaN overlaps nothing: it is kept and suppresses none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.boxes.generated import around_objects, objects
from impls.boxes.nms.greedy import block_by_block, padded
from impls.boxes.nms.reference import survivors
from impls.boxes.order import by_score
from impls.boxes.threshold import check_threshold
from impls.seeded import dtype_of, generator_for, itemsize
from opbench import Axes, Axis, Operator, Tolerance, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from opbench import Inputs, Point

STEPS = 1024
"""Scores are multiples of 1 / STEPS, so that thousands of boxes have equal ones."""


def inputs(point: Point) -> Inputs:
    """scores (boxes,) in (0, 1], boxes (boxes, 4) in pixels, classes (boxes,) int64.

    Scores come first because the harness changes the first input between calls: it moves and scales values along, which
    leaves scores scores, and would make corners of different boxes one box.
    """
    count = point.axes["boxes"]
    if point.device == "meta":
        like = torch.empty(0, dtype=dtype_of(point), device="meta")
        of_class = torch.empty(count, dtype=torch.int64, device="meta")
        return {"scores": like.new_empty(count), "boxes": like.new_empty(count, 4), "classes": of_class}
    random = generator_for(point)
    corners, classes = around_objects(count, point.axes["per_object"], point.axes["classes"], random)
    scores = torch.randint(1, STEPS + 1, (count,), generator=random) / STEPS
    floating = {"scores": scores, "boxes": corners}
    tensors = {name: tensor.to(point.device, dtype_of(point)) for name, tensor in floating.items()}
    return tensors | {"classes": classes.to(point.device)}


def reference(point: Point, inputs: Inputs) -> Tensor:
    """The indices as float64: chosen by NumPy in the boxes' own dtype, since float64 would choose others where an
    overlap is next to the threshold.
    """
    scores, boxes, classes = (tensor.cpu().numpy() for tensor in inputs.values())
    kept = torch.from_numpy(survivors(boxes, scores, classes, point.axes["threshold"]))
    found = torch.full((len(scores),), -1, dtype=torch.float64)
    found[: len(kept)] = kept
    return found.to(inputs["scores"].device)


def work(point: Point) -> Work:
    """A lower bound: `least_pairs` overlaps and the boxes' areas; scores, boxes, classes read, indices written.

    Operations of a pair and a box are those of `box_iou`. Comparing and sorting are no arithmetic.
    """
    count, pairs, size = point.axes["boxes"], least_pairs(point.axes), itemsize(point)
    return Work(0, pairs + count, 5 * pairs + 2 * count, count * (5 * size + 8), 8 * count)


def least_pairs(axes: Axes) -> int:
    """Pairs of boxes that nobody who goes by pairs gets around, whatever the scores are.

    Of n boxes of a class, k kept: each of the n - k has to be held against one that suppresses it, and those that are
    kept against each other, k(k - 1)/2. k is at least the number of objects of that class, since boxes of two objects
    do not overlap (`generated`). At worst, with nothing suppressed, n(n - 1)/2 pairs are needed.
    """
    count: int = axes["boxes"]
    classes: int = axes["classes"]
    whole, more = divmod(objects(count, axes["per_object"]), classes)

    def saved(kept: int) -> int:
        kept = max(1, kept)
        return kept * (kept - 1) // 2 - kept

    return max(0, count + more * saved(whole + 1) + (classes - more) * saved(whole))


def eager(point: Point) -> Callable[..., Tensor]:
    """From the operator's inputs. It cannot be walked on `meta`: how many rows it takes depends on values."""
    threshold = point.axes["threshold"]

    def function(scores: Tensor, boxes: Tensor, classes: Tensor) -> Tensor:
        order = by_score(scores)
        return padded(block_by_block(boxes, classes, order, threshold), len(scores))

    return function


def sizes(axes: Axes) -> Mapping[str, int]:
    """Raises UsageError for a threshold that is no share."""
    check_threshold(axes["threshold"])
    return {"objects": objects(axes["boxes"], axes["per_object"]), "least_pairs": least_pairs(axes)}


_CHECKED = ((67, 1, 0.5), (131, 3, 0.5), (257, 5, 0.6), (67, 2, 0.0), (67, 1, 1.0), (1, 1, 0.5), (0, 1, 0.5))

OPERATOR = Operator(
    name="nms",
    about="greedy non-maximum suppression by class",
    axes=(
        Axis("boxes", "boxes of an image", default=1000, minimum=0),
        Axis("classes", "classes, which do not suppress each other", default=1),
        Axis("threshold", "overlap above which a box is suppressed, 0 to 1", default=0.5),
        Axis("per_object", "boxes around each object", default=16),
    ),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances={"float32": Tolerance(rtol=0), "float64": Tolerance(rtol=0)},
    check_points=tuple(
        {"boxes": boxes, "classes": classes, "threshold": threshold} for boxes, classes, threshold in _CHECKED
    ),
    sizes=sizes,
    output_dtype=lambda _: "int64",
)
