"""What the tests of the detector share: targets from plain lists."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from impls.hadaptive.detection.data.target import Target


def target(
    boxes: Sequence[Sequence[float]], labels: Sequence[int] | None = None, crowd: Sequence[bool] | None = None
) -> Target:
    count = len(boxes)
    return Target(
        torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        torch.tensor([0] * count if labels is None else labels, dtype=torch.int64),
        7,
        torch.tensor([False] * count if crowd is None else crowd, dtype=torch.bool),
    )
