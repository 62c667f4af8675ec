"""Non-maximum suppression by class: torchvision's kernel where this installation has it, rows of a matrix where not.

torchvision's operators are bound to one build of PyTorch (`impls.torchvision_import`); beside a CPU build of the same
version they are declared and have no kernel.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from impls.libraries import library


def survivors(boxes: Tensor, labels: Tensor, overlap: float) -> Tensor:
    """(k,) int64: positions that stay, ascending. Of boxes of one class that overlap by more than `overlap`, the first.

    boxes: (n, 4) x1 y1 x2 y2, best first, so that of equal scores the earlier one stays. labels: (n,) int64.
    """
    if len(boxes) == 0:
        return torch.zeros(0, dtype=torch.int64, device=boxes.device)
    if not torchvision_suppresses():
        return _by_rows(boxes, labels, overlap)
    return _by_torchvision(boxes, labels, overlap)


@lru_cache(maxsize=1)
def torchvision_suppresses() -> bool:
    """Asked once, with one box."""
    try:
        library("torchvision.ops").nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
    except RuntimeError:
        return False
    return True


def _by_torchvision(boxes: Tensor, labels: Tensor, overlap: float) -> Tensor:
    """A call for each class: `batched_nms` moves classes apart instead, and rounds corners by that."""
    nms = library("torchvision.ops").nms
    ranks = torch.arange(len(boxes), 0, -1, device=boxes.device, dtype=boxes.dtype)
    stays = torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    for label in torch.unique(labels):
        own = (labels == label).nonzero().squeeze(1)
        stays[own[nms(boxes[own], ranks[own], overlap)]] = True
    return stays.nonzero().squeeze(1)


def _by_rows(boxes: Tensor, labels: Tensor, overlap: float) -> Tensor:
    rivals = library("torchvision.ops").box_iou(boxes, boxes) > overlap
    rivals &= labels[:, None] == labels
    stays = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    for at in range(len(boxes)):
        if stays[at]:
            stays[at + 1 :] &= ~rivals[at, at + 1 :]
    return stays.nonzero().squeeze(1)
