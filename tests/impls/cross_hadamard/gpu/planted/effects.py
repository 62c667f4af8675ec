"""What a launch does to memory, as one number: of every thread, in its order, each access and what it writes.

Two texts with one number at a point do the same there, whatever they compute on the way and whichever way they go.
What orders threads (barriers, shuffles) is not in it, nor is local memory, which is a thread's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from opbench.ptx.frame import Access, Frame
from opbench.ptx.instructions.access import Place
from opbench.ptx.memory.block import BlockMemory
from opbench.ptx.memory.device import DeviceMemory
from opbench.ptx.number_types import Array

FACTOR, OTHER = np.uint64(0x9E37_79B9_7F4A_7C15), np.uint64(0xC2B2_AE3D_27D4_EB4F)
WARP = 32


class Effects:
    """loads: whether those count too, or only what is written."""

    def __init__(self, loads: bool = True) -> None:
        self._loads = loads
        self._chains: dict[int, tuple[object, Array]] = {}

    def number(self) -> int:
        """Of all threads of all blocks."""
        total = np.uint64(0)
        with np.errstate(over="ignore"):
            for place, (_, chain) in enumerate(self._chains.values(), 1):
                weights = np.arange(1, 2 * chain.size, 2, dtype=np.uint64)
                total += np.uint64(place) * (chain * weights).sum(dtype=np.uint64)
        return int(total)

    def accessed(self, frame: Frame, chosen: Array | None, addresses: Array, access: Access) -> None:
        if access.space != "local" and (access.writes or self._loads):
            self._add(frame, chosen, addresses, hash((access.space, access.bytes, access.action)) & 0xFFFF)

    def wrote(self, frame: Frame, chosen: Array | None, parts: list[Array]) -> None:
        for place, part in enumerate(parts):
            self._add(frame, chosen, part.astype(np.uint64), place)

    def _add(self, frame: Frame, chosen: Array | None, values: Array, kind: int) -> None:
        threads = frame.threads
        lane = np.broadcast_to(threads.of("%laneid"), (threads.count,)).astype(np.int64)
        at = threads.warp * WARP + lane
        at = at if chosen is None else at[chosen]
        if not at.size:
            return
        memory, chain = self._chains.get(id(frame.memory), (frame.memory, np.zeros(0, np.uint64)))
        if (end := int(at.max()) + 1) > chain.size:
            chain = np.concatenate((chain, np.zeros(2 * end - chain.size, np.uint64)))
        mixed = (values + np.uint64(kind)) * OTHER
        chain[at] = (chain[at] ^ mixed ^ (mixed >> np.uint64(29))) * FACTOR + np.uint64(1)
        self._chains[id(frame.memory)] = memory, chain  # kept, so that no other memory gets its id


@contextmanager
def watched(effects: Effects) -> Iterator[None]:
    """Inside, what the machine runs is noted."""
    part = Place._part

    def see(place: Place, frame: Frame, chosen: Array | None, addresses: Array, access: Access) -> Any:
        effects.accessed(frame, chosen, addresses, access)
        return part(place, frame, chosen, addresses, access)

    def writing(write: Callable[..., None]) -> Callable[..., None]:
        def noted(region: Any, frame: Frame, chosen: Array | None, places: Array, parts: list[Array]) -> None:
            effects.wrote(frame, chosen, parts)
            write(region, frame, chosen, places, parts)

        return noted

    with (
        mock.patch.object(Place, "_part", see),
        mock.patch.object(DeviceMemory, "write", writing(DeviceMemory.write)),
        mock.patch.object(BlockMemory, "write", writing(BlockMemory.write)),
    ):
        yield
