"""Non-maximum suppression by class: our C++ kernel on a CPU that can build it, torchvision's or PyTorch's rows else.

All three keep the same boxes (`impls.boxes`). torchvision's operators are bound to one build of PyTorch
(`impls.torchvision_import`); beside a CPU build of the same version they are declared and have no kernel.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from impls import native
from impls.boxes import functional
from impls.boxes.nms.greedy import row_by_row
from impls.libraries import library


def survivors(boxes: Tensor, labels: Tensor, overlap: float) -> Tensor:
    """(k,) int64: positions that stay, ascending. Of boxes of one class that overlap by more than `overlap`, the first.

    boxes: (n, 4) x1 y1 x2 y2, float32 or float64, best first, so that of equal scores the earlier one stays.
    labels: (n,) int64.
    """
    if len(boxes) == 0:
        return torch.zeros(0, dtype=torch.int64, device=boxes.device)
    if boxes.device.type == "cpu" and native.why_not() is None:
        return functional.nms(boxes, boxes.new_zeros(len(boxes)), overlap, labels)  # equal scores go by position
    if torchvision_suppresses():
        return _by_torchvision(boxes, labels, overlap)
    return row_by_row(boxes, labels, torch.arange(len(boxes), device=boxes.device), overlap)


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
