"""Global and constant memory: allocations with exact bounds, and nothing between them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from opbench.ptx.frame import Access, Frame, ThreadError
from opbench.ptx.memory.shadow import Shadow
from opbench.ptx.memory.spaces import first_position, write_parts
from opbench.ptx.number_types import Array

BASE = 0x7F00_0000_0000
"""Beyond 32 bits, so that an address that lost its upper half points nowhere."""
ALIGNMENT = 256
"""That of cudaMalloc."""
GUARD = 4096
"""Bytes that belong to nobody on both sides of an allocation."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """`name` is what an error calls it. `start` is its place in the memory's bytes."""

    name: str
    start: int
    size: int


class DeviceMemory:
    """Allocations are made first; `seal` lays them out."""

    def __init__(self) -> None:
        self.allocations: list[Allocation] = []
        self._contents: list[Array] = []
        self._end = GUARD
        self.bytes: Array = np.zeros(0, np.uint8)
        self._owned: Array = np.zeros(0, np.bool_)
        self._written: Array | None = None
        self._starts: list[int] = []
        self.shadow: Shadow | None = None

    def allocate(self, name: str, content: Array, align: int = ALIGNMENT, phase: int = 0) -> int:
        """The address of a copy of `content`, uint8 (size,), `phase` bytes behind a multiple of `align`."""
        align = max(align, ALIGNMENT)
        start = -(-self._end // align) * align + phase
        self.allocations.append(Allocation(name, start, content.size))
        self._contents.append(content)
        self._end = start + content.size + GUARD
        return BASE + start

    def seal(self) -> None:
        self.bytes = np.zeros(-(-self._end // 16) * 16, np.uint8)
        self._owned = np.zeros(self.bytes.size, np.bool_)
        for each, content in zip(self.allocations, self._contents, strict=True):
            self.bytes[each.start : each.start + each.size] = content
            self._owned[each.start : each.start + each.size] = True
        self._contents.clear()
        self._starts = [each.start for each in self.allocations]

    def watch(self, granule: int) -> None:
        """From here on races are found. granule: the fewest bytes that the kernel accesses at once."""
        self.shadow = Shadow(self.bytes.size, granule)

    def forget(self, masks: dict[int, Array]) -> None:
        """Of the allocations made as those ones a byte has to be written before it is read, where its mask is False."""
        if masks:
            self._written = np.ones(self.bytes.size, np.bool_)
            for number, mask in masks.items():
                each = self.allocations[number]
                self._written[each.start : each.start + each.size] = mask

    def remember(self, masks: dict[int, Array]) -> None:
        """Puts into the masks what is written by now."""
        for number, mask in masks.items():
            each = self.allocations[number]
            if self._written is not None:
                mask[:] = self._written[each.start : each.start + each.size]

    def unwritten(self, number: int) -> list[tuple[int, int]]:
        """Ranges of bytes, first and behind the last, of an allocation that nobody has written."""
        each = self.allocations[number]
        if self._written is None:
            return []
        holes = ~self._written[each.start : each.start + each.size]
        edges = np.flatnonzero(np.diff(np.concatenate(([False], holes, [False])).astype(np.int8))).tolist()
        return list(zip(edges[::2], edges[1::2], strict=True))

    def content(self, number: int) -> Array:
        """The bytes of the allocation that was made as that one."""
        each = self.allocations[number]
        return self.bytes[each.start : each.start + each.size]

    def view(self, bits: type) -> Array:
        return self.bytes.view(bits)

    def write(self, frame: Frame, chosen: Array | None, places: Array, parts: list[Array]) -> None:
        if self.shadow is None:
            write_parts(self.bytes, places, parts)
        else:
            self.shadow.store(frame, chosen, places, parts, self.bytes)

    def positions(self, frame: Frame, chosen: Array | None, addresses: Array, access: Access) -> Array:
        places = addresses.view(np.int64) - BASE
        if places.size and not self._within_one(int(places.min()), int(places.max()) + access.bytes):
            self._check_owned(places, access, chosen)
        if access.space == "global":
            if self._written is not None:
                self._check_written(self._written, places, access, chosen)
            if self.shadow is not None:
                self.shadow.check(frame, chosen, places, access)
        return places

    def _within_one(self, first: int, end: int) -> bool:
        """Whether all bytes from `first` to before `end` are of one allocation: the quick case."""
        at = bisect_right(self._starts, first) - 1
        return at >= 0 and end <= self.allocations[at].start + self.allocations[at].size

    def _check_owned(self, places: Array, access: Access, chosen: Array | None) -> None:
        end = self.bytes.size - access.bytes
        inside = (places >= 0) & (places <= end)
        inside[inside] = self._owns(places[inside], access.bytes)
        if not inside.all():
            wrong = ~inside
            place = int(places[wrong.argmax()])
            reason = f"out of bounds: {access.action} {access.bytes} bytes at {access.space} address "
            raise ThreadError(
                f"{reason}{BASE + place:#x}, {self._nearest(place, access.bytes)}", first_position(wrong, chosen)
            )

    def _check_written(self, written: Array, places: Array, access: Access, chosen: Array | None) -> None:
        for byte in range(access.bytes):
            wrong = ~written[places + byte] if access.reads else np.zeros(0, np.bool_)
            if wrong.any():
                place = int(places[wrong.argmax()])
                each = self.allocations[bisect_right([one.start for one in self.allocations], place) - 1]
                raise ThreadError(
                    f"uninitialised: reads {access.bytes} bytes at byte {place - each.start} of {each.name}, "
                    "an output or scratch memory that nobody has written there",
                    first_position(wrong, chosen),
                )
            if access.writes:
                written[places + byte] = True

    def _owns(self, places: Array, size: int) -> Array:
        """First and last byte tell: nothing is read at once that is as large as a guard zone."""
        first: Array = self._owned[places]
        return first & self._owned[places + (size - 1)] if size > 1 else first

    def _nearest(self, place: int, size: int) -> str:
        """Where that is beside the nearest allocation."""
        if not self.allocations:
            return "and there is no array"
        at = max(0, bisect_right([each.start for each in self.allocations], place) - 1)
        candidates = self.allocations[at : at + 2]
        each = min(candidates, key=lambda one: max(one.start - place, place - one.start - one.size))
        if place < each.start:
            where = f"{each.start - place} bytes before"
        elif place >= each.start + each.size:
            where = f"{place - each.start - each.size} bytes past the end of"
        else:
            where = f"{place + size - each.start - each.size} bytes across the end of"
        return f"{where} {each.name} ({each.size} bytes)"
