"""Global and constant memory: allocations with exact bounds, and nothing between them.

Places are bytes behind `BASE`, as addresses are; positions are where the machine holds them, which is the same but for
large allocations, whose pages are behind all others.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from opbench.errors import UsageError
from opbench.ptx.frame import WINDOW, Access, Frame, ThreadError
from opbench.ptx.memory import paging
from opbench.ptx.memory.allocations import Allocation, Allocations
from opbench.ptx.memory.paging import APART, PAGE, Pages
from opbench.ptx.memory.shadow import Shadow
from opbench.ptx.memory.spaces import first_position, write_parts
from opbench.ptx.number_types import Array

BASE = 0x7F00_0000_0000
"""Beyond 32 bits, so that an address that lost its upper half points nowhere."""
ALIGNMENT = 256
"""That of cudaMalloc."""
GUARD = 4096
"""Bytes that belong to nobody on both sides of an allocation."""


class DeviceMemory:
    """Allocations are made first; `seal` lays them out."""

    def __init__(self) -> None:
        self.allocations: list[Allocation] = []
        self._contents: list[Array] = []
        self._end, self._last_page = GUARD, APART
        self._pages: dict[int, Pages] = {}
        self._masks: dict[int, Array] = {}
        self.bytes: Array = np.zeros(0, np.uint8)
        self._dense = self._held = 0
        self._written: Array | None = None
        self._laid = Allocations([], BASE)
        self.shadow: Shadow | None = None

    def allocate(self, name: str, content: Array, align: int = ALIGNMENT, phase: int = 0) -> int:
        """The address of a copy of `content`, uint8 (size,), `phase` bytes behind a multiple of `align`.

        Raises UsageError where the addresses that there are do not suffice.
        """
        align = max(align, ALIGNMENT)
        if content.size < paging.LARGE:
            start = -(-self._end // align) * align + phase
            self._end = start + content.size + GUARD
        else:
            start = -(-self._last_page // PAGE) * PAGE + phase
            self._last_page = start + content.size + APART
            self._pages[len(self.allocations)] = Pages(content, start, phase)
        if self._end > APART or self._last_page > WINDOW:
            raise UsageError(
                f"{name} has {content.size} bytes, with which the arrays of this launch exceed all addresses"
            )
        self.allocations.append(Allocation(name, start, content.size))
        self._contents.append(content)
        return BASE + start

    def seal(self) -> None:
        self._dense = -(-self._end // PAGE) * PAGE if self._pages else -(-self._end // 16) * 16
        self.bytes = np.zeros(self._dense, np.uint8)
        for number, (each, content) in enumerate(zip(self.allocations, self._contents, strict=True)):
            if number not in self._pages:
                self.bytes[each.start : each.start + each.size] = content
        self._contents.clear()
        self._laid = Allocations(self.allocations, BASE)

    def watch(self, granule: int) -> None:
        """From here on races are found. granule: the fewest bytes that the kernel accesses at once."""
        self.shadow = Shadow(self.bytes.size, granule)

    def forget(self, masks: dict[int, Array]) -> None:
        """Of the allocations made as those ones a byte has to be written before it is read, where its mask is False."""
        if masks:
            self._masks = masks
            self._written = np.ones(self.bytes.size, np.bool_)
            for number, mask in masks.items():
                for within, held in self._parts(number):
                    self._written[held] = mask[within]

    def remember(self, masks: dict[int, Array]) -> None:
        """Puts into the masks what is written by now; those that cannot be written to are nobody's."""
        for number, mask in masks.items():
            for within, held in self._parts(number) if mask.flags.writeable else ():
                if self._written is not None:
                    mask[within] = self._written[held]

    def unwritten(self, number: int) -> list[tuple[int, int]]:
        """Ranges of bytes, first and behind the last, of an allocation that nobody has written."""
        if self._written is None:
            return []
        edges = [0]  # of what is unwritten, each once where it begins and once where it ends
        for within, held in self._parts(number):
            written = np.concatenate(([False], self._written[held], [False])).astype(np.int8)
            edges += (np.flatnonzero(np.diff(written)) + within.start).tolist()
        edges.append(self.allocations[number].size)
        return [(first, behind) for first, behind in zip(edges[::2], edges[1::2], strict=True) if first < behind]

    def contents(self, number: int) -> Iterator[tuple[slice, Array]]:
        """Of the allocation that was made as that one: parts of it that may have changed, and their bytes."""
        for within, held in self._parts(number):
            yield within, self.bytes[held]

    def _parts(self, number: int) -> Iterator[tuple[slice, slice]]:
        """Its parts that the machine holds, ascending, and where."""
        each = self.allocations[number]
        if number not in self._pages:
            yield slice(0, each.size), slice(each.start, each.start + each.size)
            return
        for within, held in self._pages[number].held():
            yield within, slice(held.start + self._dense, held.stop + self._dense)

    def view(self, bits: type) -> Array:
        return self.bytes.view(bits)

    def write(self, frame: Frame, chosen: Array | None, places: Array, parts: list[Array]) -> None:
        if self.shadow is None:
            write_parts(self.bytes, places, parts)
        else:
            self.shadow.store(frame, chosen, places, parts, self.bytes)

    def positions(self, frame: Frame, chosen: Array | None, addresses: Array, access: Access) -> Array:
        places = addresses.view(np.int64) - BASE
        self._laid.check(places, access, chosen)
        found = self._held_at(places) if self._pages else places
        if access.space == "global":
            if self._written is not None:
                self._check_written(self._written, places, found, access, chosen)
            if self.shadow is not None:
                self.shadow.check(frame, chosen, found, access)
        return found

    def _held_at(self, places: Array) -> Array:
        """Where the machine holds these places; pages that no thread came to before are copied."""
        found = places.copy()
        for number, pages in self._pages.items():
            inside = (places >= pages.start) & (places < pages.end)
            if inside.any():
                self._bring(number, pages, pages.missing(places[inside]))
                found[inside] = self._dense + pages.positions(places[inside])
        return found

    def _bring(self, number: int, pages: Pages, missing: Array) -> None:
        if not missing.size:
            return
        first, self._held = self._held, self._held + missing.size
        self._grow(self._dense + self._held * PAGE)
        pages.keep(missing, first)
        for slot, page in enumerate(missing.tolist(), first):
            within, held = pages.part(page, slot)
            at = slice(held.start + self._dense, held.stop + self._dense)
            self.bytes[at] = pages.content(within)
            if self._written is not None and number in self._masks:
                self._written[at] = self._masks[number][within]

    def _grow(self, end: int) -> None:
        if end > self.bytes.size:
            size = max(end, 2 * self.bytes.size)
            self.bytes = np.concatenate((self.bytes, np.zeros(size - self.bytes.size, np.uint8)))
            if self._written is not None:
                self._written = np.concatenate((self._written, np.ones(size - self._written.size, np.bool_)))
            if self.shadow is not None:
                self.shadow.grow(size)

    def _check_written(
        self, written: Array, places: Array, positions: Array, access: Access, chosen: Array | None
    ) -> None:
        for byte in range(access.bytes):
            wrong = ~written[positions + byte] if access.reads else np.zeros(0, np.bool_)
            if wrong.any():
                place = int(places[wrong.argmax()])
                each = self._laid.at(place)
                raise ThreadError(
                    f"uninitialised: reads {access.bytes} bytes at byte {place - each.start} of {each.name}, "
                    "an output or scratch memory that nobody has written there",
                    first_position(wrong, chosen),
                )
            if access.writes:
                written[positions + byte] = True
