"""What an image shows: its boxes and their classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor

from impls.hadaptive.detection.tensors import expect

SIZE = 320
"""Edge of a detector's images in pixels (section 5.4)."""


@dataclass(frozen=True, eq=False)
class Target:
    """The boxes of one image. Raises UsageError for tensors of another shape or dtype.

    boxes: (n, 4) float32, x1 y1 x2 y2 in pixels of the image: 0 is the left or upper edge of the first pixel.
    labels: (n,) int64, 0 to classes - 1; background is no class.
    image_id: the image's number in its data set.
    crowd: (n,) bool, boxes around many objects that were not told apart (COCO's `iscrowd`).
    areas: (n,) float32, square pixels of the objects themselves, which COCO sorts small from large by; None: those of
        the boxes.
    """

    boxes: Tensor
    labels: Tensor
    image_id: int
    crowd: Tensor
    areas: Tensor | None = None

    def __post_init__(self) -> None:
        count = len(self.labels) if self.labels.dim() == 1 else -1
        expect("a target's boxes", self.boxes, torch.float32, (count, 4))
        expect("a target's labels", self.labels, torch.int64, (count,))
        expect("a target's crowd", self.crowd, torch.bool, (count,))
        if self.areas is not None:
            expect("a target's areas", self.areas, torch.float32, (count,))

    def only(self, kept: Tensor) -> Target:
        """Those boxes for which kept, (n,) bool, is true."""
        areas = None if self.areas is None else self.areas[kept]
        return replace(self, boxes=self.boxes[kept], labels=self.labels[kept], crowd=self.crowd[kept], areas=areas)


Transform: TypeAlias = Callable[[Tensor, Target], tuple[Tensor, Target]]
"""From an image, (3, H, W) uint8, and what it shows, to another image and what that shows."""
