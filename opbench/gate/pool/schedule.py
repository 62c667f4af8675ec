"""Who measures when: workers in random order, sides in ABBA or BAAB, so that what drifts falls on both alike.

In each block of four turns both sides have the same mean place, so a machine that grows slower evenly within a round
favours neither. Where a side has an odd number of workers, a pair is left over, and one side comes second in it; the
next round then leads with the other side. Over the two, a linear drift cancels again.
"""

from __future__ import annotations

import os
import random as random_numbers
from collections.abc import Mapping

from opbench.gate.samples import SIDES, Side

OTHER: dict[Side, Side] = {"base": "head", "head": "base"}


class Schedule:
    """Draws the order of turns for the rounds of one benchmark.

    sides: the side of each worker, by its number; equally many of each, else raises ValueError.
    """

    def __init__(self, sides: Mapping[int, Side], random: random_numbers.Random) -> None:
        self._workers = {side: [number for number in sorted(sides) if sides[number] == side] for side in SIDES}
        sizes = {side: len(workers) for side, workers in self._workers.items()}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"sides must be of one size to take turns, they are {sizes}")
        self._random = random
        self._mirrored: list[Side] = []

    def next_round(self) -> list[int]:
        """Every worker once. Each second call mirrors the sides of the call before; the workers are shuffled anew."""
        if self._mirrored:
            leads, self._mirrored = self._mirrored, []
        else:
            blocks = (len(self._workers["base"]) + 1) // 2
            leads = [self._random.choice(SIDES) for _ in range(blocks)]
            self._mirrored = [OTHER[lead] for lead in leads]
        remaining = {side: self._random.sample(workers, len(workers)) for side, workers in self._workers.items()}
        return [remaining[side].pop() for lead in leads for side in _block(lead) if remaining[side]]


def _block(lead: Side) -> tuple[Side, ...]:
    return (lead, OTHER[lead], OTHER[lead], lead)


class CorePicker:
    """Draws one core for all workers of a round, out of those this process may use.

    What cores differ by is then common to the round, and goes with its median; what it changed is told
    in worker/core_isolation.py. None where workers are not to be pinned: numeric libraries with several threads need
    several cores, a GPU's host thread is not what is timed, and not every system can.
    """

    def __init__(self, device: str, threads: int, random: random_numbers.Random) -> None:
        pinned = device == "cpu" and threads == 1 and hasattr(os, "sched_getaffinity")
        self._cores = sorted(os.sched_getaffinity(0)) if pinned else []
        self._random = random

    def draw(self) -> int | None:
        return self._random.choice(self._cores) if self._cores else None
