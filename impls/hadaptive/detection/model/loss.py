"""What is learnt: focal loss on the classes of every anchor, smooth L1 on the offsets of those with a box.

Section 5.4, gamma 2; section A.4, alpha 0.25. Both sums are divided by the number of matched anchors of the batch, at
least 1, so a batch without boxes has the focal loss of its background and no other. Smooth L1 turns at 1, as SSD's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from impls.hadaptive.detection.model.coding import encode
from impls.hadaptive.detection.model.matching import IGNORED, match_anchors
from impls.libraries import library

if TYPE_CHECKING:
    from impls.hadaptive.detection.data.target import Target

GAMMA, ALPHA = 2.0, 0.25


@dataclass(frozen=True)
class Losses:
    """Of a batch, each a tensor of one value that carries its gradient."""

    classes: Tensor
    boxes: Tensor

    @property
    def total(self) -> Tensor:
        return self.classes + self.boxes


def losses(logits: Tensor, offsets: Tensor, anchors: Tensor, targets: Sequence[Target]) -> Losses:
    """logits (B, A, classes), offsets (B, A, 4), anchors (A, 4), one target an image, boxes in the image's pixels.

    Logits and offsets may be on another device than anchors and targets, which are matched where they are.
    """
    matches = torch.stack([match_anchors(anchors, target) for target in targets])
    image, anchor = (matches >= 0).nonzero(as_tuple=True)
    matched = max(1, len(image))
    wanted = torch.zeros_like(logits)
    boxes, labels = _chosen(matches, targets)
    wanted[image, anchor, labels] = 1
    focal = library("torchvision.ops").sigmoid_focal_loss(logits, wanted, alpha=ALPHA, gamma=GAMMA)
    counted = (matches != IGNORED)[:, :, None].to(logits.device)
    learnt = encode(boxes, anchors[anchor]).to(offsets.device)
    of_boxes = functional.smooth_l1_loss(offsets[image, anchor], learnt, reduction="sum")
    return Losses(torch.where(counted, focal, 0).sum() / matched, of_boxes / matched)


def _chosen(matches: Tensor, targets: Sequence[Target]) -> tuple[Tensor, Tensor]:
    """Boxes (n, 4) and classes (n,) of all matched anchors, image by image."""
    chosen = [one[one >= 0] for one in matches]
    boxes = [target.boxes[at] for target, at in zip(targets, chosen, strict=True)]
    labels = [target.labels[at] for target, at in zip(targets, chosen, strict=True)]
    return torch.cat(boxes), torch.cat(labels)
