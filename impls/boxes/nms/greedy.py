"""Suppression in PyTorch's own operators: what the backends that have no kernels share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.boxes.box_iou.operator import area
from impls.boxes.threshold import rounded_down

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 128
"""Boxes that are settled at a time. Processor milliseconds of one thread of an EPYC 9004, blocks of 64, 128, 256 and
1,024, beside box by box and the matrix of all overlaps: 1,000 boxes of which 161 are kept 2.2, 1.9, 2.6, 35 beside 13
and 13; 1,000 that are all kept 8.3, 7.0, 6.4, 28 beside 85 and 30; 10,000 with 1,614 kept 58, 60, 93, 188 beside 264
and 3,622.
"""


def padded(kept: Tensor, count: int) -> Tensor:
    """(count,) int64: the indices (k,), and -1 behind them."""
    found = kept.new_full((count,), -1)
    found[: len(kept)] = kept
    return found


def block_by_block(boxes: Tensor, classes: Tensor, order: Tensor, threshold: float) -> Tensor:
    """The indices (k,) that are kept of `order` (n,), highest score first.

    The first BLOCK that are left are settled among themselves; those of them that are kept are held against all others
    that are left, at once.
    boxes: (n, 4); classes: (n,); threshold: 0 to 1, as a real number (`rounded_down`).
    """
    limit = rounded_down(threshold, boxes.dtype)
    boxes, classes = boxes[order], classes[order]
    kept = []
    while len(order):
        first = settled(allowed(boxes[:BLOCK], classes[:BLOCK], limit))
        kept.append(order[:BLOCK][first])
        if len(order) <= BLOCK:
            break
        stay = boxes[:BLOCK][first], classes[:BLOCK][first]
        gone = above(*stay, boxes[BLOCK:], classes[BLOCK:], limit).any(dim=0)
        left = torch.nonzero(~gone).squeeze(1) + BLOCK
        boxes, classes, order = boxes[left], classes[left], order[left]
    return torch.cat(kept) if kept else order


def above(boxes: Tensor, classes: Tensor, others: Tensor, of_others: Tensor, limit: float) -> Tensor:
    """(n, m) bool of boxes (n, 4) and others (m, 4): whether two are of one class and overlap by more than the limit.

    limit: the threshold as a number of the boxes' dtype.
    """
    (x1, y1, x2, y2), areas = others.unbind(1), area(others)
    columns = [each.unsqueeze(1) for each in (*boxes.unbind(1), area(boxes), classes)]
    width = (torch.minimum(columns[2], x2) - torch.maximum(columns[0], x1)).clamp(min=0)
    height = (torch.minimum(columns[3], y2) - torch.maximum(columns[1], y1)).clamp(min=0)
    both = width * height
    return (both / (columns[4] + areas - both) > limit) & (columns[5] == of_others)


def allowed(boxes: Tensor, classes: Tensor, limit: float) -> Tensor:
    """(n, n) bool of boxes (n, 4) in order of score: whether box i leaves box j, which comes after it, alive.

    limit: as of `above`.
    """
    places = torch.arange(len(boxes), device=boxes.device)
    return ~(above(boxes, classes, boxes, classes, limit) & (places.unsqueeze(1) < places))


def settled(leaves: Tensor) -> Tensor:
    """(n,) bool: who is kept, from `allowed` (n, n), without going through its rows.

    Who is kept follows from who of those before is. Taken from any answer, a better one comes out: after t times the
    first t boxes are right, so it ends, and what comes out as it went in is right for all. Boxes drawn at random take
    three to six times.
    """
    kept = torch.ones(len(leaves), dtype=torch.bool, device=leaves.device)
    while True:
        found = (leaves | ~kept.unsqueeze(1)).all(dim=0)
        if torch.equal(found, kept):
            return kept
        kept = found


def swept(leaves: Tensor) -> Tensor:
    """(n,) bool: who is kept, by one pass over the rows of `allowed` (n, n) that belong to boxes still alive."""
    alive = torch.ones(len(leaves), dtype=torch.bool, device=leaves.device)
    for box, row in enumerate(leaves):
        if alive[box]:
            alive.logical_and_(row)
    return alive
