"""Where allocations lie, with exact bounds, and what an error says of an access outside of them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from opbench.ptx.frame import Access, ThreadError
from opbench.ptx.memory.spaces import first_position
from opbench.ptx.number_types import Array


@dataclass(frozen=True, slots=True)
class Allocation:
    """`name` is what an error calls it, `start` its place."""

    name: str
    start: int
    size: int


class Allocations:
    """All of them, in the order of their places. base: the address of place 0."""

    def __init__(self, allocations: list[Allocation], base: int) -> None:
        self._ordered = sorted(allocations, key=lambda one: one.start)
        self._starts = [each.start for each in self._ordered]
        self._base = base

    def at(self, place: int) -> Allocation:
        """The one that this place is of."""
        return self._ordered[bisect_right(self._starts, place) - 1]

    def check(self, places: Array, access: Access, chosen: Array | None) -> None:
        """Raises ThreadError for the first access that is not within one allocation. places: int64 (n,)."""
        if not places.size or self._within_one(int(places.min()), int(places.max()) + access.bytes):
            return
        ends = np.array([0, *(each.start + each.size for each in self._ordered)], np.int64)
        at = np.searchsorted(np.array(self._starts, np.int64), places, side="right")
        wrong = (at == 0) | (places > ends[at] - access.bytes)
        if wrong.any():
            place = int(places[wrong.argmax()])
            reason = f"out of bounds: {access.action} {access.bytes} bytes at {access.space} address "
            where = self._nearest(place, access.bytes)
            raise ThreadError(f"{reason}{self._base + place:#x}, {where}", first_position(wrong, chosen))

    def _within_one(self, first: int, end: int) -> bool:
        """Whether all bytes from `first` to before `end` are of one allocation: the quick case."""
        at = bisect_right(self._starts, first) - 1
        return at >= 0 and end <= self._ordered[at].start + self._ordered[at].size

    def _nearest(self, place: int, size: int) -> str:
        """Where that is beside the nearest allocation."""
        if not self._ordered:
            return "and there is no array"
        at = max(0, bisect_right(self._starts, place) - 1)
        candidates = self._ordered[at : at + 2]
        each = min(candidates, key=lambda one: max(one.start - place, place - one.start - one.size))
        if place < each.start:
            where = f"{each.start - place} bytes before"
        elif place >= each.start + each.size:
            where = f"{place - each.start - each.size} bytes past the end of"
        else:
            where = f"{place + size - each.start - each.size} bytes across the end of"
        return f"{where} {each.name} ({each.size} bytes)"
