"""Boxes that nobody would draw, and who suppresses whom of them by the plainest loop there is."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

NAN, INF = math.nan, math.inf
ODD = (
    [0, 0, 0, 0], [5, 5, 5, 5], [5, 5, 3, 9], [5, 5, 9, 3], [9, 9, 5, 5], [NAN, 0, 9, 9], [0, NAN, 9, 9],
    [0, 0, NAN, 9], [0, 0, 9, NAN], [0, 0, 9, 9], [0, 0, 9, 9], [-INF, -INF, INF, INF], [0, 0, INF, 9],
    [1e-20, 0, 2e-20, 3e-20], [0, 0, 3e-20, 3e-20], [-1e18, -1e18, 1e18, 1e18], [0, 0, 9, 5], [1, 1, 8, 8],
)  # fmt: skip
"""No area, inverted in one side and in both, NaN, infinite, areas that underflow, twice the same, one in the other."""


def odd(dtype: torch.dtype = torch.float32) -> Tensor:
    """(18, 4)."""
    return torch.tensor(ODD, dtype=dtype)


def crowded(count: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """(count, 4): boxes, some of whole corners, in so little space that each overlaps many; a few of them are odd."""
    random = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=random, dtype=torch.float64) * 12
    sides = torch.rand(count, 2, generator=random, dtype=torch.float64) * 8 + 0.5
    boxes = torch.cat((corner, corner + sides), 1)
    boxes[::3] = boxes[::3].round()
    boxes[::17] = odd(torch.float64).repeat(-(-count // 17 // len(ODD)) or 1, 1)[: len(boxes[::17])]
    return boxes.to(dtype)


def tied(count: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """(count,): scores of which many are equal, zeros of both signs and a few NaN among them."""
    random = torch.Generator().manual_seed(seed)
    scores = torch.randint(0, 5, (count,), generator=random).to(dtype) / 4
    scores[::7] = -0.0
    scores[5::19] = NAN
    return scores


def drawn_classes(count: int, classes: int, seed: int = 0) -> Tensor:
    """(count,) int64, of so many different numbers, negative and large ones among them."""
    names = torch.tensor([3, -(2**40), 7, 0, 2**62, 11, -1])[:classes]
    return names[torch.randint(0, classes, (count,), generator=torch.Generator().manual_seed(seed))]


def one_by_one(boxes: Tensor, scores: Tensor, classes: Tensor, threshold: float) -> list[int]:
    """Indices that are kept: every box in order against every kept one, a number at a time, in the boxes' dtype."""
    order = sorted(range(len(boxes)), key=lambda box: (not math.isnan(scores[box]), -float(scores[box].nan_to_num())))
    rows, kept = boxes.numpy(), list[int]()
    with np.errstate(all="ignore"):
        for box in order:
            rivals = (other for other in kept if classes[other] == classes[box])
            if not any(float(_overlap(rows[other], rows[box])) > threshold for other in rivals):
                kept.append(box)
    return kept


def _overlap(a: np.ndarray, b: np.ndarray) -> np.floating:
    zero = a.dtype.type(0)
    width, height = max(min(a[2], b[2]) - max(a[0], b[0]), zero), max(min(a[3], b[3]) - max(a[1], b[1]), zero)
    both = width * height
    found: np.floating = both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
    return found
