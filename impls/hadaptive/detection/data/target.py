"""What is known of an image: its boxes and their classes."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Target:
    """boxes: float32 (n, 4) x1 y1 x2 y2 in pixels; labels: int64 (n,) from 0; crowd: bool (n,)."""

    boxes: Tensor
    labels: Tensor
    image_id: int
    crowd: Tensor
