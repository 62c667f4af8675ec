"""The two forms of a detector's output as one tensor, and the modules that give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.detectors.models import FIELDS, MOST
from impls.hadaptive.detection.model.anchors import anchors
from impls.hadaptive.detection.model.postprocess import detections
from impls.hadaptive.detection.model.suppression import suppress_by_pytorch

if TYPE_CHECKING:
    from impls.hadaptive.detection.evaluation.detection import Detection
    from impls.hadaptive.detection.model.detector import Detector

PAD = (0.0, 0.0, 0.0, 0.0, 0.0, -1.0)
"""A row behind the last detection."""


def flat(logits: Tensor, offsets: Tensor) -> Tensor:
    """Logits (B, A, classes), then offsets (B, A, 4), in one dimension."""
    return torch.cat([logits.flatten(), offsets.flatten()])


def padded(found: Sequence[Detection]) -> Tensor:
    """(B, 100, 6) float32: x1 y1 x2 y2, score, class, as they come; PAD behind the last. At most 100 an image."""
    rows = torch.tensor(PAD).repeat(len(found), MOST, 1)
    for row, one in zip(rows, found, strict=True):
        count = len(one.scores)
        row[:count, :4], row[:count, 4], row[:count, 5] = one.boxes, one.scores, one.labels.to(row.dtype)
    return rows


def eager_rows(logits: Tensor, offsets: Tensor, anchors: Tensor, size: int) -> Tensor:
    """(B, 100, 6): detections of logits (B, A, classes) and offsets (B, A, 4) without any kernel of ours."""
    found = detections(logits, offsets, anchors, size, range(len(logits)), suppression=suppress_by_pytorch)
    return padded(found)


class Raw(nn.Module):
    """(B, 3, S, S) to the flat output."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, x: Tensor) -> Tensor:
        return flat(*self.detector(x))


class Finding(nn.Module):
    """(B, 3, S, S) to detections (B, 100, 6), as `eager_rows`."""

    def __init__(self, detector: Detector, size: int) -> None:
        super().__init__()
        self.detector, self.size = detector, size
        self.register_buffer("anchors", anchors(size), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        logits, offsets = self.detector(x)
        return eager_rows(logits, offsets, self.get_buffer("anchors"), self.size)


assert len(PAD) == FIELDS
