"""iou[i, j] = |a_i & b_j| / |a_i | b_j| of boxes x1 y1 x2 y2: the share of their union that two boxes have in common.

A pair without an area in common has 0, also where neither has an area at all (torchvision.ops.box_iou divides 0 by 0
there) and where a box is inverted. A coordinate that is NaN makes its box's row or column NaN. Coordinates whose areas
overflow have what IEEE arithmetic makes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.boxes.generated import around_objects
from impls.seeded import dtype_of, generator_for, itemsize
from opbench import Axis, Operator, Tolerance, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Point


def inputs(point: Point) -> Inputs:
    """boxes (boxes, 4), others (others, 4): of the same objects, so that some overlap much and most not at all."""
    counts = {name: point.axes[name] for name in ("boxes", "others")}
    if point.device == "meta":
        return {name: torch.empty(count, 4, dtype=dtype_of(point), device="meta") for name, count in counts.items()}
    corners, _ = around_objects(sum(counts.values()), 16, 1, generator_for(point))
    rows = corners.to(point.device, dtype_of(point))
    return {"boxes": rows[: counts["boxes"]].clone(), "others": rows[counts["boxes"] :].clone()}


def reference(_: Point, inputs: Inputs) -> Tensor:
    """In float64, by sides: the length that two intervals have in common, twice."""
    first, second = (tensor.double() for tensor in inputs.values())

    def common(low: int, high: int) -> Tensor:
        ends = torch.minimum(first[:, high].unsqueeze(1), second[:, high])
        return (ends - torch.maximum(first[:, low].unsqueeze(1), second[:, low])).relu()

    both = common(0, 2) * common(1, 3)
    areas = [(each[:, 2] - each[:, 0]) * (each[:, 3] - each[:, 1]) for each in (first, second)]
    either = torch.add(areas[0].unsqueeze(1), areas[1]) - both
    found = torch.zeros_like(both)
    found[both > 0] = (both / either)[both > 0]
    return found.masked_fill_(either.isnan(), torch.nan)


def work(point: Point) -> Work:
    """A pair: two sides, their product, the union by an addition and a subtraction, a division. A box: its area, two
    subtractions and a product. Maxima and minima are comparisons.
    """
    count, others = point.axes["boxes"], point.axes["others"]
    pairs, each = count * others, count + others
    size = itemsize(point)
    return Work(0, pairs + each, 5 * pairs + 2 * each, 4 * each * size, pairs * size)


def overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """The definition, of (n, 4) and (m, 4)."""
    (x1, y1, x2, y2), (left, top, right, bottom) = boxes.unsqueeze(1).unbind(2), others.unbind(1)
    width = (torch.minimum(x2, right) - torch.maximum(x1, left)).clamp(min=0)
    height = (torch.minimum(y2, bottom) - torch.maximum(y1, top)).clamp(min=0)
    both = width * height
    either = area(boxes).unsqueeze(1) + area(others) - both
    nothing = torch.where(torch.ne(either, either), either, torch.zeros_like(either))  # NaN where it is NaN
    return torch.where(both > 0, both / either, nothing)


def area(boxes: Tensor) -> Tensor:
    """(n,) of (n, 4); negative where one side is."""
    x1, y1, x2, y2 = boxes.unbind(1)
    return (x2 - x1) * (y2 - y1)


def by_columns(boxes: Tensor) -> Tensor:
    """The same (n, 4), each coordinate in a row of memory of its own, as loops over vectors want it."""
    return boxes.t().contiguous().t()


def eager(_: Point) -> Callable[..., Tensor]:
    """The definition, from the operator's inputs."""
    return overlaps


OPERATOR = Operator(
    name="box_iou",
    about="intersection over union of every box with every other",
    axes=(
        Axis("boxes", "rows of the result", default=1000, minimum=0),
        Axis("others", "columns of the result", default=100, minimum=0),
    ),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    # In half units: 3 of an area, so 6 of both where boxes are alike, 2 of their sum, which is twice the union then, 3
    # of the area that is subtracted and 1 of that; 3 of the area in common, and 1 of the division.
    tolerances={"float32": Tolerance(rtol=16 * 2**-24), "float64": Tolerance(rtol=16 * 2**-53)},
    check_points=tuple(
        {"boxes": boxes, "others": others}
        for boxes, others in ((7, 13), (1, 1), (1, 131), (67, 1), (37, 67), (0, 5), (5, 0), (3, 1031))
    ),
)
