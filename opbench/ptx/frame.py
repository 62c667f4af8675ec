"""What an instruction works on: the threads that execute it, and their registers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opbench.ptx.types import Array

if TYPE_CHECKING:
    from opbench.ptx.counters import Counters
    from opbench.ptx.memory.spaces import Memory


class ThreadError(Exception):
    """What a thread did wrong; `position` is its place in the frame."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.position = position


@dataclass(slots=True)
class Threads:
    """Threads that have not exited, ordered by block and then by thread.

    block: int64 (n,), the place of its block among those that run together.
    thread: int64 (n,), its number in its block.
    warp: int64 (n,), the number of its warp among all that run together, ascending.
    special: the special registers, each uint32 (n,) or (1,).
    """

    block: Array
    thread: Array
    warp: Array
    special: dict[str, Array]

    def kept(self, places: Array) -> Threads:
        """Those at `places`."""
        special = {name: each[places] if each.size > 1 else each for name, each in self.special.items()}
        return Threads(self.block[places], self.thread[places], self.warp[places], special)


@dataclass(slots=True)
class Frame:
    """One execution of a basic block.

    values: for each register an array (count,) of its storage type. None is ever written in place: registers share.
    lanes: int64 (count,), the places of its threads among `threads`; None for all of them.
    """

    values: list[Array]
    count: int
    lanes: Array | None
    threads: Threads
    memory: Memory
    counters: Counters

    def of(self, array: Array) -> Array:
        """The part of an array over `threads` that belongs to this frame; a single value stays one."""
        return array if self.lanes is None or array.size == 1 else array[self.lanes]
