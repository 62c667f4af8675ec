"""At which basic block each thread stands: all at one, or groups of them at several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opbench.ptx.number_types import Array
from opbench.ptx.threads import Threads


@dataclass(frozen=True, slots=True)
class Group:
    """Threads at one basic block. lanes: int64 (n,) ascending, their places among all that have not exited."""

    lanes: Array
    threads: Threads


class Standing:
    """Of all threads that have not exited.

    together: the basic block at which all of them stand, None where they are in groups.
    """

    def __init__(self, threads: Threads) -> None:
        self.threads = threads
        self.together: int | None = 0
        self._groups: dict[int, Group] = {}

    def order(self, leaving: list[bool]) -> list[int]:
        """Where there are groups, in the order of their turns. leaving: for each basic block whether it only exits."""
        return sorted(self._groups, key=lambda at: (not leaving[at], at))

    def group(self, at: int) -> Group:
        return self._groups[at]

    def at(self) -> Array:
        """int64 (count,): where each thread stands."""
        found = np.full(self.threads.count, -1 if self.together is None else self.together)
        for at, group in self._groups.items():
            found[group.lanes] = at
        return found

    def chosen(self, lanes: Array) -> Group:
        """These threads, as a group of their own."""
        return Group(lanes, self.threads.part(lanes))

    def leave(self, at: int, group: Group | None) -> None:
        """Of the group that stands at a block these go, None for all threads there are; they stand nowhere then."""
        self.together = None
        if group is None:
            self._groups.clear()
            return
        whole = self._groups.pop(at)
        if group.lanes.size < whole.lanes.size:
            self._groups[at] = self.chosen(np.setdiff1d(whole.lanes, group.lanes, assume_unique=True))

    def arrive(self, at: int, group: Group) -> None:
        """These, who stand nowhere, stand at a block, beside those who do already."""
        there = self._groups.get(at)
        if there is not None:
            group = self.chosen(np.sort(np.concatenate((there.lanes, group.lanes))))
        self._groups[at] = group

    def parted(self, group: Group | None, taken: Array) -> tuple[Group, Group]:
        """Of a group, None for all threads there are, those for whom `taken` holds and the others; bool (n,)."""
        if group is None:
            return self.chosen(np.flatnonzero(taken)), self.chosen(np.flatnonzero(~taken))
        return self.chosen(group.lanes[taken]), self.chosen(group.lanes[~taken])

    def meet(self) -> None:
        """If there is one group left, its threads are all there are."""
        if len(self._groups) == 1:
            (self.together,) = self._groups
            self._groups.clear()

    def keep(self, places: Array) -> None:
        """All others, who stand nowhere, have exited. places: int64 (n,) ascending."""
        renumbered = np.zeros(self.threads.count, np.int64)
        renumbered[places] = np.arange(places.size)
        self.threads = self.threads.part(places)
        self._groups = {at: Group(renumbered[each.lanes], each.threads) for at, each in self._groups.items()}
