"""Workers that run in another mode than the rest, for their whole life: named, because no average describes both.

Seen of a memory-bound kernel in one process of four, 2.6 times slower, decided at start by where its memory lay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opbench.gate.stats.medians import median

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_GAP = math.log(1.05)
"""Groups nearer to each other than 5 % are called spread, not modes."""

CLEAR = 30.0
"""The gap between groups over the extent it is held against, times the number of workers: the more there are, the less
chance has for a gap. Of normal workers at most 0.1 % show so wide a one (simulated, 10 to 40 of them)."""


@dataclass(frozen=True)
class SlowMode:
    """A slow group of workers.

    base, head: how many of each side are in it.
    workers: how many there are in all.
    factor: how many times slower the group is.
    """

    base: int
    head: int
    workers: int
    factor: float

    @property
    def only_in_head(self) -> bool:
        """Whether head has slow workers and base none.

        Then nothing passes. Of replays of the recordings in tests/gate (EPYC quiet, loaded, Xeon quiet, loaded) with an
        eighth of head's workers twice as slow, ranks alone left 12, 11, 10 and 14 % open and let the others pass; with
        this, 81, 77, 86 and 84 % stay open. Among head's 12 there is such a worker in 82 % of the EPYC's, 86 % of the
        Xeon's. Of the same code on both sides 0.13, 0.08, 0.00 and 0.08 % stay open, before 0.12, 0.05, 0.00 and 0.07.
        """
        return self.head > 0 and self.base == 0

    def __str__(self) -> str:
        slow, sides = self.base + self.head, f"base {self.base}, head {self.head}"
        text = f"bimodal: {slow} of {self.workers} workers {self.factor:.2f}x slower ({sides})"
        return f"{text}, a slow group that base does not have" if self.only_in_head else text


def find_slow_mode(values: NDArray[np.float64], head: NDArray[np.bool_]) -> SlowMode | None:
    """The slow group of workers that a clear gap cuts off, None where every gap could be chance.

    Of several, the largest that head has alone, else the largest: base's one odd worker does not hide head's. values:
    (workers,) in logarithms. A difference between the sides is no mode: each is taken from its own median, where its
    lower half is, so that a mode that fills half of a side still is one.
    """
    centred = values.copy()
    for side in (head, ~head):
        if side.any():
            centred[side] -= _middle_of_lower_half(values[side])
    order = centred.argsort()
    ordered = centred[order]
    groups = [_upper_group(ordered, head[order], cut) for cut in _clear_gaps(ordered.tolist())]
    return next((group for group in groups if group.only_in_head), groups[0] if groups else None)


def _clear_gaps(ordered: list[float]) -> list[int]:
    """How many workers lie below each. Where these are two of three or more, a gap is held against their extent alone:
    slow workers need not be alike. Held so from half of all on, 0.6 % of 10 normal workers would show one.
    """
    count, clear = len(ordered), []
    for cut in range(2, count):
        gap, within = ordered[cut] - ordered[cut - 1], ordered[cut - 1] - ordered[0]
        if gap < LEAST_GAP:
            continue
        if 3 * cut < 2 * count:
            within = max(within, ordered[-1] - ordered[cut])
        if count * gap >= CLEAR * within:
            clear.append(cut)
    return clear


def _upper_group(ordered: NDArray[np.float64], head: NDArray[np.bool_], cut: int) -> SlowMode:
    members = head[cut:]
    factor = math.exp(median(ordered[cut:]) - median(ordered[:cut]))
    return SlowMode(int((~members).sum()), int(members.sum()), len(ordered), factor)


def _middle_of_lower_half(values: NDArray[np.float64]) -> float:
    ordered = values.copy()
    ordered.sort()
    lower = (len(ordered) + 1) // 2
    return float((ordered[(lower - 1) // 2] + ordered[lower // 2]) / 2)
