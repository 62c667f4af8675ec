"""Logits and offsets of which post-processing has something to decide, whatever a detector makes of its images.

A detector may find nothing in the images that it is tried on, and then says nothing about the nodes behind it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from impls.hadaptive.detection.model.anchors import anchors
from impls.hadaptive.detection.model.postprocess import CANDIDATES, SCORE

RUNS, RUN = 12, 12
"""Neighbouring anchors around an object: at two places, of which some overlap by more than one half and some do not.
So few objects that less than 100 boxes survive, and the last one is next to the threshold."""

DRAWN = 2
"""Images."""

LEAST = math.log(SCORE / (1 - SCORE))


def drawn_candidates(classes: int, size: int) -> tuple[Tensor, Tensor]:
    """logits (2, A, classes) and offsets (2, A, 4), float32, seeded.

    In the first image objects of all classes have scores on both sides of the threshold. In the second 1,100 anchors
    are of one class, more than are looked at where there are so many. Anchors that stick out of the image are in both.
    """
    random = torch.Generator().manual_seed(2)
    count = len(anchors(size))
    logits = LEAST - 3 + 2 * torch.rand((DRAWN, count, classes), generator=random)
    for first in torch.randint(max(1, count - RUN), (RUNS,), generator=random).tolist():
        label = int(torch.randint(classes, (), generator=random))
        logits[0, first : first + RUN, label] = _around_the_threshold(RUN, random)
    crowded = min(count, CANDIDATES + 100)
    logits[1, :crowded, classes - 1] = LEAST + 8 * torch.rand(crowded, generator=random)
    return logits, 0.5 * torch.randn((DRAWN, count, 4), generator=random)


def _around_the_threshold(count: int, random: torch.Generator) -> Tensor:
    return LEAST - 1 + 8 * torch.rand(count, generator=random)
