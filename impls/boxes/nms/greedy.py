"""Suppression in PyTorch's own operators: what the backends that have no kernels share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.boxes.box_iou.operator import area
from impls.boxes.threshold import rounded_down

if TYPE_CHECKING:
    from torch import Tensor


def padded(kept: Tensor, count: int) -> Tensor:
    """(count,) int64: the indices (k,), and -1 behind them."""
    found = kept.new_full((count,), -1)
    found[: len(kept)] = kept
    return found


def row_by_row(boxes: Tensor, classes: Tensor, order: Tensor, threshold: float) -> Tensor:
    """The indices (k,) that are kept of `order` (n,), highest score first.

    A row of overlaps at a time: the first that is left against all others that are left.
    boxes: (n, 4); classes: (n,); threshold: 0 to 1, as a real number (`rounded_down`).
    """
    limit = rounded_down(threshold, boxes.dtype)
    corners, areas, of_class = boxes[order].t().contiguous(), area(boxes)[order], classes[order]
    kept = []
    while len(order):
        kept.append(order[:1])
        first, rest = corners[:, :1], corners[:, 1:]
        sides = torch.minimum(first[2:], rest[2:]) - torch.maximum(first[:2], rest[:2])
        width, height = sides.clamp_(min=0)
        both = width * height
        overlap = both / (areas[:1] + areas[1:] - both)
        left = torch.nonzero(~((overlap > limit) & (of_class[1:] == of_class[0]))).squeeze(1) + 1
        corners, areas, of_class, order = corners[:, left], areas[left], of_class[left], order[left]
    return torch.cat(kept) if kept else order


def allowed(boxes: Tensor, classes: Tensor, limit: float) -> Tensor:
    """(n, n) bool of boxes (n, 4) in order of score: whether box i leaves box j, which comes after it, alive.

    limit: the threshold as a number of the boxes' dtype.
    """
    (x1, y1, x2, y2), areas = boxes.unbind(1), area(boxes)
    columns = [each.unsqueeze(1) for each in (x1, y1, x2, y2, areas, classes)]
    width = (torch.minimum(columns[2], x2) - torch.maximum(columns[0], x1)).clamp(min=0)
    height = (torch.minimum(columns[3], y2) - torch.maximum(columns[1], y1)).clamp(min=0)
    both = width * height
    above = both / (columns[4] + areas - both) > limit
    places = torch.arange(len(boxes), device=boxes.device)
    return ~(above & (columns[5] == classes) & (places.unsqueeze(1) < places))


def swept(leaves: Tensor) -> Tensor:
    """(n,) bool: who is kept, by one pass over the rows of `allowed` (n, n) that belong to boxes still alive."""
    alive = torch.ones(len(leaves), dtype=torch.bool, device=leaves.device)
    for box, row in enumerate(leaves):
        if alive[box]:
            alive.logical_and_(row)
    return alive
