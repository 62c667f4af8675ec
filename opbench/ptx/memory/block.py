"""Shared memory, one of every block that runs: bounds, reads of what nobody wrote, and races between warps."""

from __future__ import annotations

import numpy as np

from opbench.ptx.frame import Access, Frame, ThreadError
from opbench.ptx.memory.lockstep import Lockstep
from opbench.ptx.memory.spaces import first_position
from opbench.ptx.number_types import Array

WARPS = 64
"""Tokens of one barrier interval: one for each warp of a block, of which there are at most 32, and `SEVERAL`."""
SEVERAL = 63


class BlockMemory:
    """size: bytes a block. granule: the fewest bytes that the kernel accesses there at once, a power of two.

    Who wrote and who read a granule last is kept as a token: the barrier interval of its block, and the warp. Within a
    warp nothing is said: its threads run in lockstep here, on a device not surely. Where `warps`, those of a block, are
    given, races between its lanes are looked for too.
    """

    def __init__(self, blocks: int, size: int, granule: int, warps: int = 0) -> None:
        self.size = size
        self._stride = -(-size // 16) * 16
        self._bytes = np.zeros(blocks * self._stride, np.uint8)
        self._granule = granule
        self._writers = np.zeros(self._bytes.size // granule, np.int32)
        self._readers = np.zeros(self._bytes.size // granule, np.int32)
        self._interval = np.ones(blocks, np.int32)
        self.lockstep = Lockstep(blocks, warps, self._writers.size) if warps else None

    def view(self, bits: type) -> Array:
        return self._bytes.view(bits)

    def passed(self, blocks: Array) -> None:
        """All threads of these blocks have met at a barrier."""
        self._interval[blocks] += 1
        if self.lockstep is not None:
            self.lockstep.passed(blocks)

    def positions(self, frame: Frame, chosen: Array | None, addresses: Array, access: Access) -> Array:
        places = addresses.view(np.int64)
        wrong = (places < 0) | (places > self.size - access.bytes)
        if wrong.any():
            place = int(places[wrong.argmax()])
            raise ThreadError(
                f"out of bounds: {access.action} {access.bytes} bytes at shared address {place:#x}; "
                f"this block has {self.size} bytes of shared memory",
                first_position(wrong, chosen),
            )
        found: Array = places + self._blocks(frame, chosen) * self._stride
        tokens, first = self._tokens(frame, chosen), found // self._granule
        for step in range(access.bytes // self._granule):
            granules = first + step if step else first
            if access.reads:
                self._check_written(self._writers[granules], places, access, chosen)
            if access.reads and access.writes:  # atomics do not race with each other
                self._writers[granules] = tokens
            elif access.writes:
                self._check_race(_race(self._readers[granules], tokens), self._readers[granules], access, chosen)
            else:
                wrote = self._writers[granules]
                self._check_race(_race(wrote, tokens), wrote, access, chosen)
                self._mark_read(granules, self._readers[granules], tokens)
            if self.lockstep is not None:
                self.lockstep.check(frame, chosen, granules, access)
        return found

    def write(self, frame: Frame, chosen: Array | None, places: Array, parts: list[Array]) -> None:
        """Raises ThreadError where warps write different values; equal ones are what compilers' copies write."""
        tokens = self._tokens(frame, chosen)
        for number, part in enumerate(parts):
            size = part.dtype.itemsize
            view, at = self._bytes.view(part.dtype), places // size + number
            first, access = at * (size // self._granule), Access("shared", size, False, True)
            granules = [first + step for step in range(size // self._granule)]
            for each in granules:
                wrote = self._writers[each]
                suspect = _race(wrote, tokens)
                if suspect.any():
                    self._check_race(suspect & (view[at] != part), wrote, access, chosen)
            if self.lockstep is not None:
                for each in granules:
                    self.lockstep.store(frame, chosen, each, access, view[at] != part)
            view[at] = part
            for each in granules:
                self._writers[each] = tokens
                wrote = self._writers[each]
                beside = _race(wrote, tokens)
                if beside.any():  # of several warps at once
                    self._check_race(beside & (view[at] != part), wrote, access, chosen)

    @staticmethod
    def _blocks(frame: Frame, chosen: Array | None) -> Array:
        block = frame.threads.block
        return block if chosen is None else block[chosen]

    def _tokens(self, frame: Frame, chosen: Array | None) -> Array:
        """Int32: barrier interval and warp of each thread."""
        warp = frame.threads.of("%warpid").astype(np.int32)
        return self._interval[self._blocks(frame, chosen)] * WARPS + (warp if chosen is None else warp[chosen])

    def _mark_read(self, granules: Array, readers: Array, tokens: Array) -> None:
        several = tokens // WARPS * WARPS + SEVERAL
        others = (readers // WARPS == tokens // WARPS) & (readers != tokens)
        self._readers[granules] = np.where(others, several, tokens)
        beside = self._readers[granules] != np.where(others, several, tokens)
        if beside.any():  # warps that read the same granule in this very access
            self._readers[granules[beside]] = several[beside]

    def _check_written(self, wrote: Array, places: Array, access: Access, chosen: Array | None) -> None:
        wrong = wrote == 0
        if wrong.any():
            place = int(places[wrong.argmax()]) % self._stride
            raise ThreadError(
                f"uninitialised: reads {access.bytes} bytes at shared address {place:#x}, which no thread has written",
                first_position(wrong, chosen),
            )

    @staticmethod
    def _check_race(wrong: Array, earlier: Array, access: Access, chosen: Array | None) -> None:
        if wrong.any():
            other = int(earlier[wrong.argmax()]) % WARPS
            whom = "several warps" if other == SEVERAL else f"warp {other}"
            raise ThreadError(
                f"race: {access.action} {access.bytes} bytes of shared memory that {whom} accessed "
                "with no barrier in between",
                first_position(wrong, chosen),
            )


def _race(earlier: Array, tokens: Array) -> Array:
    """Where another warp was there in the same barrier interval."""
    races: Array = (earlier != tokens) & (earlier // WARPS == tokens // WARPS)
    return races
