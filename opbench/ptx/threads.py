"""Some threads of a launch: what is asked of them is computed when it is asked for, and once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opbench.ptx.number_types import Array


class Threads:
    """Threads that run together, ordered by block and then by thread.

    known: for a name an array over all threads of these blocks, or one value for all of them, as (1,). Names are
    `block` (int64, the place of the thread's block among those that run together), `thread` (int64, its number in its
    block), `warp` (int64, of its warp among all that run together, ascending), and special registers (uint32).
    among: int64 (count,), which of those threads these are; None for all.
    """

    def __init__(self, count: int, known: Callable[[str], Array], among: Array | None = None) -> None:
        self.count = count
        self._all = known
        self._among = among
        self._found: dict[str, Array] = {}
        self._warps = 0
        self._blocks: Array | None = None
        self.kept: dict[object, tuple[int, Array]] = {}
        """What others keep with these threads: by their key a version, and an array."""

    def of(self, name: str) -> Array:
        """(count,), or (1,) where all threads have the same."""
        found = self._found.get(name)
        if found is None:
            found = self._all(name)
            if self._among is not None and found.size > 1:
                found = found[self._among]
            self._found[name] = found
        return found

    @property
    def block(self) -> Array:
        return self.of("block")

    @property
    def thread(self) -> Array:
        return self.of("thread")

    @property
    def warp(self) -> Array:
        return self.of("warp")

    @property
    def warps(self) -> int:
        """How many different ones there are."""
        if not self._warps and self.count:
            warp = self.warp
            self._warps = 1 + int(np.count_nonzero(warp[1:] != warp[:-1]))
        return self._warps

    @property
    def blocks(self) -> Array:
        """int64: the different ones, ascending."""
        if self._blocks is None:
            block = self.block
            self._blocks = block[np.concatenate(([True], block[1:] != block[:-1]))]
        return self._blocks

    def part(self, places: Array) -> Threads:
        """Those at `places`, int64 (n,) ascending."""
        return Threads(places.size, self._all, places if self._among is None else self._among[places])
