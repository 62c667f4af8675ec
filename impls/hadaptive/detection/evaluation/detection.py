"""What a detector says of an image."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Detection:
    """boxes: float32 (k, 4) x1 y1 x2 y2 in pixels; scores: float32 (k,); labels: int64 (k,) from 0."""

    image_id: int
    boxes: Tensor
    scores: Tensor
    labels: Tensor
