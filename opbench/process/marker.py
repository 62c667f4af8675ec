"""Where a measuring process is, kept in shared memory: still readable after it was killed.

Written before every step and sample, so it has to be cheap: a few bytes into a mapped file, no system call.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass
from pathlib import Path

SIZE = 4096
_HEAD = struct.Struct("=dHH")


@dataclass(frozen=True)
class Position:
    """since_s: time.monotonic() of entering `phase`; label: the backend at work, or "" for the harness itself."""

    since_s: float
    phase: str
    label: str


class Marker:
    """One position in a file that two processes map. Texts beyond the file's size are cut."""

    def __init__(self, path: Path) -> None:
        if not path.exists() or path.stat().st_size < SIZE:
            path.write_bytes(bytes(SIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), SIZE)

    def set(self, phase: str, label: str = "") -> None:
        first, second = phase.encode()[:200], label.encode()[:200]
        head = _HEAD.pack(time.monotonic(), len(first), len(second))
        text = head + first + second
        self._map[: len(text)] = text

    def get(self) -> Position:
        since, first, second = _HEAD.unpack_from(self._map)
        text = self._map[_HEAD.size : _HEAD.size + first + second]
        return Position(since, text[:first].decode(errors="replace"), text[first:].decode(errors="replace"))

    def close(self) -> None:
        self._map.close()
