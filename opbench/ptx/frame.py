"""What an instruction works on: the threads that execute it, their registers, and the memory that they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from opbench.ptx.counters import Counters
from opbench.ptx.number_types import Array

WINDOW = 1 << 40
WINDOWS = {"shared": 0x7D00_0000_0000, "local": 0x7C00_0000_0000, "global": 0, "const": 0}
"""Where generic addresses of a space begin. Those of global and const memory are their own."""


def block_name(number: int, grid: tuple[int, int, int]) -> str:
    """What an error calls the block of that number, such as "(3, 0, 0)"."""
    x, y, _ = grid
    return str((number % x, number // x % y, number // (x * y)))


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


@dataclass(frozen=True, slots=True)
class Access:
    """What an instruction does at each address: `bytes` at once; whether it reads, writes, or both at once."""

    space: str
    bytes: int
    reads: bool
    writes: bool

    @property
    def action(self) -> str:
        """As an error says it."""
        if self.reads and self.writes:
            return "updates"
        return "writes" if self.writes else "reads"


class Region(Protocol):
    """The memory of one state space."""

    def view(self, bits: type) -> Array:
        """All of it as unsigned numbers of that type; to be read and written in place."""
        ...

    def positions(self, frame: Frame, chosen: Array | None, addresses: Array, access: Access) -> Array:
        """Where in the bytes of `view` the addresses are, int64.

        addresses: uint64, of the threads at `chosen` in the frame, or of all of them.
        Raises ThreadError where one is out of bounds, where what is read was not written, and for a race.
        """
        ...

    def write(self, frame: Frame, chosen: Array | None, places: Array, parts: list[Array]) -> None:
        """At `places`, which `positions` gave for the same threads: the parts behind each other, unsigned (n,) each."""
        ...


@dataclass(slots=True)
class Memory:
    """addresses: of variables and parameters within their spaces. parameters: what the launch gave, uint8 (size,)."""

    regions: dict[str, Region]
    addresses: dict[str, int]
    parameters: Array

    def address(self, name: str) -> int:
        """Of a variable, within its space."""
        return self.addresses[name]

    def window(self, space: str) -> int:
        """What is added to an address of that space to make it generic."""
        return WINDOWS[space]


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
