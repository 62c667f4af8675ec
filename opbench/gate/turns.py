"""Who measures when: workers in random order, sides in ABBA or BAAB, so that what drifts falls on both alike.

In each block of four turns both sides have the same mean place, so a machine that grows slower evenly within a round
favours neither. Where a side has an odd number of workers, a pair is left over, and one side comes second in it; the
next round then leads with the other side. Over the two, a linear drift cancels again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from opbench.gate.slices import SIDES, Side

OTHER: dict[Side, Side] = {"base": "head", "head": "base"}


class Turns:
    """Orders of play for the rounds of one benchmark. sides: the side of each worker, equally many of each.

    Raises ValueError for sides of different size.
    """

    def __init__(self, sides: Mapping[int, Side], chance: random.Random) -> None:
        self._workers = {side: [number for number in sorted(sides) if sides[number] == side] for side in SIDES}
        sizes = {side: len(workers) for side, workers in self._workers.items()}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"sides must be of one size to take turns, they are {sizes}")
        self._chance = chance
        self._leads: list[Side] = []
        self._mirrored: list[Side] = []

    def round(self) -> list[int]:
        """Every worker once. Each second call mirrors the sides of the call before; the workers are shuffled anew."""
        blocks = (len(self._workers["base"]) + 1) // 2
        if self._mirrored:
            self._leads, self._mirrored = self._mirrored, []
        else:
            self._leads = [self._chance.choice(SIDES) for _ in range(blocks)]
            self._mirrored = [OTHER[lead] for lead in self._leads]
        left = {side: self._chance.sample(workers, len(workers)) for side, workers in self._workers.items()}
        return [left[side].pop() for lead in self._leads for side in _block(lead) if left[side]]


def _block(lead: Side) -> tuple[Side, ...]:
    return (lead, OTHER[lead], OTHER[lead], lead)
