"""Races within a warp, through shared memory: on a device its threads need not run in lockstep, as they do here.

From sm_70 on every thread has a place in the code of its own (PTX ISA, "Memory Consistency Model"): what one lane
writes another may read only behind an instruction that both execute together. Here that is any which the warp waits
at: `bar.warp.sync`, a shuffle, a vote, and every barrier of the block.
"""

from __future__ import annotations

import numpy as np

from opbench.ptx.frame import Access, Frame, ThreadError
from opbench.ptx.memory.spaces import first_position
from opbench.ptx.number_types import Array

LANE, WARP = 6, 38
"""Bits of a token below the number of times that its warp has met, and below the number of its warp (from 1 on)."""
SEVERAL = 63
"""The lane of a token that stands for several lanes."""


class Lockstep:
    """Who wrote and who read a granule last, by lane; of `granules` of shared memory, `warps` in each of `blocks`."""

    def __init__(self, blocks: int, warps: int, granules: int) -> None:
        self._met = np.zeros((blocks, warps), np.int64)
        self._writers, self._readers = np.zeros(granules, np.int64), np.zeros(granules, np.int64)

    def passed(self, blocks: Array) -> None:
        """All threads of these blocks have met at a barrier."""
        self._met[blocks] += 1

    def converged(self, warps: Array) -> None:
        """The threads of these warps, numbered over all blocks, have met."""
        self._met.reshape(-1)[warps] += 1

    def check(self, frame: Frame, chosen: Array | None, granules: Array, access: Access) -> None:
        """Raises ThreadError for a read of what another lane wrote, or a write to what another lane read."""
        tokens = self._tokens(frame, chosen)
        if access.reads and access.writes:
            self._writers[granules] = tokens
        elif access.reads:
            self._refuse(_race(self._writers[granules], tokens), self._writers[granules], access, chosen)
            others = _race(self._readers[granules], tokens)
            self._readers[granules] = np.where(others, tokens | SEVERAL, tokens)
            beside = self._readers[granules] >> LANE == tokens >> LANE
            beside &= self._readers[granules] != tokens
            self._readers[granules[beside]] = tokens[beside] | SEVERAL
        else:
            self._refuse(_race(self._readers[granules], tokens), self._readers[granules], access, chosen)

    def store(self, frame: Frame, chosen: Array | None, granules: Array, access: Access, changed: Array) -> None:
        """Raises ThreadError where another lane wrote something else before. changed: whether the value is another."""
        tokens = self._tokens(frame, chosen)
        wrote = self._writers[granules]
        self._refuse(_race(wrote, tokens) & changed, wrote, access, chosen)
        self._writers[granules] = tokens

    def _tokens(self, frame: Frame, chosen: Array | None) -> Array:
        """int64: warp, how often it has met, and lane of each thread."""
        threads = frame.threads
        warp, lane = (np.broadcast_to(each, (threads.count,)) for each in (threads.warp, threads.of("%laneid")))
        if chosen is not None:
            warp, lane = warp[chosen], lane[chosen]
        tokens: Array = (warp + 1 << WARP) | (self._met.reshape(-1)[warp] << LANE) | lane.astype(np.int64)
        return tokens

    @staticmethod
    def _refuse(wrong: Array, earlier: Array, access: Access, chosen: Array | None) -> None:
        if wrong.any():
            lane = int(earlier[wrong.argmax()]) & SEVERAL
            whom = "several lanes" if lane == SEVERAL else f"lane {lane}"
            raise ThreadError(
                f"race: {access.action} {access.bytes} bytes of shared memory that {whom} of the same warp accessed "
                "with nothing in between at which the warp meets (bar.warp.sync, __syncwarp)",
                first_position(wrong, chosen),
            )


def _race(earlier: Array, tokens: Array) -> Array:
    """Where another lane of the same warp was there since it met last."""
    races: Array = (earlier != tokens) & (earlier >> LANE == tokens >> LANE)
    return races
