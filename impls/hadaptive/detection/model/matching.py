"""Which box each anchor is to learn: the best one that it overlaps by half, and for each box its best anchor.

SSD's rule (arXiv 1512.02325, section 2.2) as torchvision has it. What that leaves open, and how it is here:
a box that overlaps no anchor at all is learnt by none, where torchvision's rule would give it the first anchor; of two
boxes with the same best anchor the later one has it; anchors that lie by half of their own area or more in a crowd, and
have no box, are left out of the loss, because objects may be in it that nobody has drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from impls.libraries import library

if TYPE_CHECKING:
    from impls.hadaptive.detection.data.target import Target

OVERLAP = 0.5
BACKGROUND, IGNORED = -1, -2


def match_anchors(anchors: Tensor, target: Target) -> Tensor:
    """(A,) int64: the position in `target.boxes` of each anchor's box, or BACKGROUND, or IGNORED.

    anchors: (A, 4) x1 y1 x2 y2 in pixels of the image, as the target's boxes are. A target may have no boxes.
    """
    matches = torch.full((len(anchors),), BACKGROUND)
    overlaps = library("torchvision.ops").box_iou(target.boxes, anchors)
    crowd = target.crowd
    learnt = (~crowd & (overlaps > 0).any(dim=1)).nonzero().squeeze(1)
    if len(learnt):
        found = _matcher()(overlaps[learnt])
        matches = torch.where(found >= 0, learnt[found.clamp(min=0)], BACKGROUND)
    if crowd.any():
        matches[(matches == BACKGROUND) & (_inside(anchors, target.boxes[crowd]) >= OVERLAP)] = IGNORED
    return matches


def _matcher() -> Callable[[Tensor], Tensor]:
    matcher: Callable[[Tensor], Tensor] = library("torchvision.models.detection")._utils.SSDMatcher(OVERLAP)  # noqa: SLF001
    return matcher


def _inside(anchors: Tensor, crowds: Tensor) -> Tensor:
    """(A,): the share of each anchor's area in the crowd that has most of it."""
    corners = torch.maximum(anchors[:, None, :2], crowds[:, :2])
    sides = (torch.minimum(anchors[:, None, 2:], crowds[:, 2:]) - corners).clamp(min=0)
    areas = (anchors[:, 2:] - anchors[:, :2]).prod(dim=1)
    return sides.prod(dim=2).amax(dim=1) / areas
