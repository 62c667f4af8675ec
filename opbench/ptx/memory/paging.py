"""Large allocations, copied page by page as threads come to them: a tensor beyond 32 bits takes what is touched of it.

Pages that were touched lie behind each other; what the machine keeps beside memory (who wrote a byte, which sectors
moved) is as small as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from opbench.ptx.number_types import Array

LARGE = 64 << 20
"""Bytes from which on an allocation is copied by pages."""
SHIFT = 12
PAGE = 1 << SHIFT
"""Bytes: a multiple of a sector, and of all that is accessed at once."""
APART = 1 << 35
"""Bytes around such an allocation in which there is nothing: where an index of 32 bits wraps, whichever its sign, an
element of 8 bytes is up to 2^35 bytes away from where it should be, and must not be in another array."""


class Pages:
    """Those of one allocation. content: uint8 (size,), the array itself, from which pages are copied.

    start: the place of its first byte; `phase` bytes before it its first page begins.
    """

    def __init__(self, content: Array, start: int, phase: int) -> None:
        self.start, self.end = start, start + content.size
        self._content, self._base, self._phase = content, start - phase, phase
        self._slots = np.zeros(-(-(content.size + phase) // PAGE), np.int32)  # from 1 on

    def missing(self, places: Array) -> Array:
        """int64 (n,): the pages of these places that were not touched yet, each once."""
        pages = (places - self._base) >> SHIFT
        return np.unique(pages[self._slots[pages] == 0])

    def keep(self, pages: Array, first: int) -> None:
        """These are held from now on, one behind the other, at slot `first` (from 0 on)."""
        self._slots[pages] = np.arange(first + 1, first + 1 + pages.size)

    def positions(self, places: Array) -> Array:
        """Where these places are held, in bytes behind slot 0. All of their pages are."""
        inside = places - self._base
        slots = self._slots[inside >> SHIFT].astype(np.int64) - 1
        found: Array = (slots << SHIFT) + (inside & PAGE - 1)
        return found

    def held(self) -> Iterator[tuple[slice, slice]]:
        """Of every page that was touched, ascending: its bytes in the array, and where they are held behind slot 0."""
        for page in np.flatnonzero(self._slots).tolist():
            yield self.part(page, int(self._slots[page]) - 1)

    def part(self, page: int, slot: int) -> tuple[slice, slice]:
        """The same of one page in that slot."""
        first, behind = page * PAGE - self._phase, (page + 1) * PAGE - self._phase
        within = slice(max(0, first), min(behind, self._content.size))
        offset = slot * PAGE - first
        return within, slice(within.start + offset, within.stop + offset)

    def content(self, within: slice) -> Array:
        """Of the array, as it was given."""
        return self._content[within]
