"""Local memory, one of every thread."""

from __future__ import annotations

import numpy as np

from opbench.ptx.frame import Access, Frame, ThreadError
from opbench.ptx.memory.spaces import first_position, write_parts
from opbench.ptx.number_types import Array


class ThreadMemory:
    """size: bytes a thread. threads: of a block. Every byte has to be written before it is read."""

    def __init__(self, blocks: int, threads: int, size: int) -> None:
        self.size = size
        self._threads = threads
        self._stride = -(-size // 16) * 16
        self._bytes = np.zeros(blocks * threads * self._stride, np.uint8)
        self._written = np.zeros(self._bytes.size, np.bool_)

    def view(self, bits: type) -> Array:
        return self._bytes.view(bits)

    def write(self, frame: Frame, chosen: Array | None, places: Array, parts: list[Array]) -> None:
        del frame, chosen
        write_parts(self._bytes, places, parts)

    def positions(self, frame: Frame, chosen: Array | None, addresses: Array, access: Access) -> Array:
        places = addresses.view(np.int64)
        wrong = (places < 0) | (places > self.size - access.bytes)
        if wrong.any():
            place = int(places[wrong.argmax()])
            reason = f"out of bounds: {access.action} {access.bytes} bytes at local address {place:#x}"
            raise ThreadError(
                f"{reason}; a thread has {self.size} bytes of local memory", first_position(wrong, chosen)
            )
        owner = frame.threads.block * self._threads + frame.threads.thread
        found: Array = places + (owner if chosen is None else owner[chosen]) * self._stride
        for byte in range(access.bytes):
            if access.reads:
                self._check_written(self._written[found + byte], places, access, chosen)
            if access.writes:
                self._written[found + byte] = True
        return found

    @staticmethod
    def _check_written(written: Array, places: Array, access: Access, chosen: Array | None) -> None:
        wrong = ~written
        if wrong.any():
            place = int(places[wrong.argmax()])
            raise ThreadError(
                f"uninitialised: reads {access.bytes} bytes at local address {place:#x}, not written by this thread",
                first_position(wrong, chosen),
            )
