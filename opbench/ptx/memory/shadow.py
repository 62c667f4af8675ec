"""What is known of every piece of global memory: who wrote and read it last, and whether anybody did.

Nothing orders two blocks of a launch, so what one writes no other may read or write, whenever either does. Within a
block two warps may, with a barrier in between. Atomics do not race with each other. Equal values written by several
warps or blocks are left alone, as in shared memory: copies in a compiler's layout write those.
"""

from __future__ import annotations

import numpy as np

from opbench.ptx.frame import Access, Frame, ThreadError, block_name
from opbench.ptx.memory.spaces import first_position
from opbench.ptx.module import Kernel
from opbench.ptx.number_types import Array, width

BLOCK, INTERVAL = 32, 6
"""Bits of a token below the number of its block (from 1 on), and below the barrier interval: there is its warp."""
SEVERAL = 63
"""The warp of a token that stands for several warps of one block."""
MANY = -1
"""The token that stands for several blocks."""


def orders_blocks(kernel: Kernel) -> bool:
    """Whether it has what may order its blocks: a fence, a load or store with an order, an atomic that acquires.

    Of such a kernel ("the last block that is done adds up") races are not looked for: which accesses its flags order
    is not followed here.
    """
    for each in kernel.instructions:
        words = {*each.modifiers}
        if each.opcode in {"membar", "fence"} and "cta" not in words:
            return True
        if each.opcode in {"ld", "st"} and words & {"volatile", "relaxed", "acquire", "release"}:
            return True
        if each.opcode == "atom" and words & {"acquire", "acq_rel"}:
            return True
    return False


def granule_of(kernel: Kernel) -> int:
    """The fewest bytes that any instruction accesses at once in global memory, or at a generic address."""
    elsewhere = {"shared", "shared::cta", "local", "const", "param"}
    memory = [each for each in kernel.instructions if each.opcode in {"ld", "ldu", "st", "atom", "red"}]
    return min([16, *(width(each.type) for each in memory if not {*each.modifiers} & elsewhere)])


class Shadow:
    """Of memory of `size` bytes. granule: see `granule_of`."""

    def __init__(self, size: int, granule: int) -> None:
        self._granule, self._shift = granule, granule.bit_length() - 1
        pieces = -(-size // granule)
        self._writers, self._readers = np.zeros(pieces, np.int64), np.zeros(pieces, np.int64)
        self._atomic = np.zeros(pieces, np.bool_)
        self._first: Array = np.zeros(0, np.int64)
        self._grid = 1, 1, 1
        self._version = 0

    def grow(self, size: int) -> None:
        """The memory has `size` bytes from here on, more than before; nobody has come to them."""
        more = -(-size // self._granule) - self._writers.size
        self._writers, self._readers = (
            np.concatenate((each, np.zeros(more, np.int64))) for each in (self._writers, self._readers)
        )
        self._atomic = np.concatenate((self._atomic, np.zeros(more, np.bool_)))

    def begin(self, numbers: Array, grid: tuple[int, int, int]) -> None:
        """Blocks with these numbers of that grid run now, int64 (n,)."""
        self._grid = grid
        self._first = (numbers.astype(np.int64) + 1) << BLOCK
        self._version += 1

    def passed(self, blocks: Array) -> None:
        """All threads of these blocks, places among those that run, have met at a barrier."""
        self._first[blocks] += 1 << INTERVAL
        self._version += 1

    def check(self, frame: Frame, chosen: Array | None, places: Array, access: Access) -> None:
        """Raises ThreadError where this races with what was before. Stores still have to be `stored`."""
        tokens = self._tokens(frame, chosen)
        for granules in self._pieces(places, access.bytes):
            wrote = self._writers[granules]
            if access.reads:
                wrong = _race(wrote, tokens)
                self._refuse(wrong & ~self._atomic[granules] if access.writes else wrong, wrote, access, chosen)
            if access.writes:
                readers = self._readers[granules]
                self._refuse(_race(readers, tokens), readers, access, chosen)
            else:
                _mark(self._readers, granules, tokens)
            if access.reads and access.writes:
                _mark(self._writers, granules, tokens)
                self._atomic[granules] = True

    def store(self, frame: Frame, chosen: Array | None, places: Array, parts: list[Array], content: Array) -> None:
        """Writes the parts into `content`, uint8. Raises ThreadError where another block or warp wrote other values."""
        tokens = self._tokens(frame, chosen)
        for number, part in enumerate(parts):
            size = part.dtype.itemsize
            view, at = content.view(part.dtype), (places >> size.bit_length() - 1) + number
            access, pieces = Access("global", size, False, True), self._pieces(at * size, size)
            for each in pieces:
                wrote = self._writers[each]
                suspect = _race(wrote, tokens)
                if suspect.any():
                    self._refuse(suspect & ((view[at] != part) | self._atomic[each]), wrote, access, chosen)
            view[at] = part
            for each in pieces:
                self._writers[each], self._atomic[each] = tokens, False
                wrote = self._writers[each]
                beside = _race(wrote, tokens)
                if beside.any():  # of several warps at once
                    self._refuse(beside & (view[at] != part), wrote, access, chosen)

    def _refuse(self, wrong: Array, earlier: Array, access: Access, chosen: Array | None) -> None:
        if not wrong.any():
            return
        first = int(wrong.argmax())
        other = int(earlier[first])
        warp = other & SEVERAL
        whom = "several warps" if warp == SEVERAL else f"warp {warp}"
        block = f"{whom} of block {block_name((other >> BLOCK) - 1, self._grid)}"
        by = "several blocks" if other == MANY else block
        raise ThreadError(
            f"race: {access.action} {access.bytes} bytes of global memory that {by} accessed; nothing orders the two",
            first_position(wrong, chosen),
        )

    def _pieces(self, places: Array, size: int) -> list[Array]:
        first = places >> self._shift
        return [first + step if step else first for step in range(size // self._granule)]

    def _tokens(self, frame: Frame, chosen: Array | None) -> Array:
        """int64: block, barrier interval and warp of each thread."""
        threads = frame.threads
        version, tokens = threads.kept.get(Shadow, (0, self._first))
        if version != self._version:
            tokens = self._first[threads.block] + threads.of("%warpid")
            threads.kept[Shadow] = self._version, tokens
        return tokens if chosen is None else tokens[chosen]


def _mark(table: Array, granules: Array, tokens: Array) -> None:
    """Keeps in `table` that these were there too."""
    marked = _joined(table[granules], tokens)
    table[granules] = marked
    kept = table[granules]
    beside = kept != marked
    if beside.any():  # several threads at the same piece in this very access
        again = _joined(kept[beside], marked[beside])
        table[granules[beside]] = again
        table[granules[beside][again == MANY]] = MANY


def _joined(earlier: Array, tokens: Array) -> Array:
    """The token of who was there by now."""
    if not earlier.any() or (earlier == tokens).all():
        return tokens
    several = np.where((earlier >> INTERVAL == tokens >> INTERVAL) & (earlier != tokens), tokens | SEVERAL, tokens)
    return np.where((earlier != 0) & (earlier >> BLOCK != tokens >> BLOCK), MANY, several)


def _race(earlier: Array, tokens: Array) -> Array:
    """Where another block was there, or another warp of the same block in the same barrier interval."""
    if not earlier.any():
        return np.zeros(tokens.size, np.bool_)
    apart = earlier ^ tokens
    races: Array = (earlier != 0) & ((apart >> BLOCK != 0) | ((apart >> INTERVAL == 0) & (apart != 0)))
    return races
