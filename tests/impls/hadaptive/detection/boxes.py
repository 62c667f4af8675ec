"""Targets and detections written in one line."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from impls.hadaptive.detection.data.target import Target
from impls.hadaptive.detection.evaluation.detection import Detection

Box = Sequence[float]


def boxes(*corners: Box) -> Tensor:
    """(n, 4) float32."""
    return torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)


def target(
    image: int, *corners: Box, labels: Sequence[int] | None = None, crowd: Sequence[bool] | None = None
) -> Target:
    """All of class 0 and no crowds where nothing else is said."""
    count = len(corners)
    return Target(
        boxes(*corners),
        torch.tensor([0] * count if labels is None else labels, dtype=torch.int64),
        image,
        torch.tensor([False] * count if crowd is None else crowd, dtype=torch.bool),
    )


def detection(
    image: int, *corners: Box, scores: Sequence[float] | None = None, labels: Sequence[int] | None = None
) -> Detection:
    """All of class 0, surer the earlier, where nothing else is said."""
    count = len(corners)
    return Detection(
        image,
        boxes(*corners),
        torch.tensor([1 - at / 128 for at in range(count)] if scores is None else scores, dtype=torch.float32),
        torch.tensor([0] * count if labels is None else labels, dtype=torch.int64),
    )
