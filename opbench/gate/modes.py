"""Workers that run in another mode than the rest, for their whole life: named, because no average describes both.

Seen of a memory-bound kernel in one process of four, 2.6 times slower, decided at start by where its memory lay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.middle import median

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_GAP = math.log(1.05)
"""Groups nearer to each other than 5 % are called spread, not modes."""

CLEAR = 30.0
"""The gap between groups over the widest extent of either, times the number of workers: the more there are, the less
chance has for a gap. Of normal workers fewer than 0.1 % show so wide a one (simulated, 10 to 40 of them)."""


@dataclass(frozen=True)
class Modes:
    """A slow group of workers. base, head: how many of each side are in it. factor: how many times slower it is."""

    base: int
    head: int
    workers: int
    factor: float

    def __str__(self) -> str:
        slow = self.base + self.head
        return (
            f"bimodal: {slow} of {self.workers} workers {self.factor:.2f}x slower (base {self.base}, head {self.head})"
        )


def slow_mode(values: NDArray[np.float64], head: NDArray[np.bool_]) -> Modes | None:
    """The slow group of workers that the largest gap cuts off, None where the gap could be chance.

    values: (workers,) in logarithms. A difference between the sides is no mode: each is taken from its own median,
    where its lower half is, so that a mode that fills half of a side still is one.
    """
    centred = values.copy()
    for side in np.unique(head):
        centred[head == side] -= _middle_of_lower_half(values[head == side])
    order = np.argsort(centred)
    gaps = np.diff(centred[order])
    cut = int(np.argmax(gaps))
    fast, slow = centred[order[: cut + 1]], centred[order[cut + 1 :]]
    within = max(np.ptp(fast), np.ptp(slow))
    if gaps[cut] < LEAST_GAP or len(values) * gaps[cut] < CLEAR * within or len(fast) < 2:
        return None
    members = head[order[cut + 1 :]]
    factor = math.exp(median(slow) - median(fast))
    return Modes(int((~members).sum()), int(members.sum()), len(values), factor)


def _middle_of_lower_half(values: NDArray[np.float64]) -> float:
    return median(np.sort(values)[: math.ceil(len(values) / 2)])
