"""What a detector found in one image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from opbench.errors import UsageError


@dataclass(frozen=True, eq=False)
class Detection:
    """Boxes of one image, in any order. Raises UsageError for other shapes or dtypes, and for what is not finite.

    image_id: of the target it is held against.
    boxes: (k, 4) float32, x1 y1 x2 y2 in the pixels of the target's boxes.
    scores: (k,) float32, more is surer; only their order counts.
    labels: (k,) int64, 0 to classes - 1.
    """

    image_id: int
    boxes: Tensor
    scores: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        count = len(self.scores) if self.scores.dim() == 1 else -1
        _expect("boxes", self.boxes, torch.float32, (count, 4))
        _expect("scores", self.scores, torch.float32, (count,))
        _expect("labels", self.labels, torch.int64, (count,))
        for name, values in (("boxes", self.boxes), ("scores", self.scores)):
            if not values.isfinite().all():
                raise UsageError(
                    f"{name} of image {self.image_id} are not all finite, and cannot be compared; did training diverge?"
                )


def _expect(name: str, given: Tensor, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    if given.dtype != dtype or tuple(given.shape) != shape:
        wanted = ", ".join("k" if size < 0 else str(size) for size in shape)
        raise UsageError(
            f"detections' {name} are {given.dtype} of shape {tuple(given.shape)}; expected {dtype} of shape ({wanted})"
        )
