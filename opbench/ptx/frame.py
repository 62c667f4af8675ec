"""What an instruction works on: the threads that execute it, their registers, and the memory that they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from opbench.ptx.counters import Counters
from opbench.ptx.number_types import Array
from opbench.ptx.threads import Threads

if TYPE_CHECKING:
    import numpy as np

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
    """addresses: of variables and parameters within their spaces. parameters: what the launch gave, uint8 (size,).

    orders: draws the order in which threads come to one place at an atomic; None for that of their numbers.
    """

    regions: dict[str, Region]
    addresses: dict[str, int]
    parameters: Array
    orders: np.random.Generator | None = None

    def address(self, name: str) -> int:
        """Of a variable, within its space."""
        return self.addresses[name]

    def window(self, space: str) -> int:
        """What is added to an address of that space to make it generic."""
        return WINDOWS[space]


class Frame:
    """One execution of a basic block by `threads`.

    values: for each register an array of its storage type: (count,), or (1,) where all threads have the same. None is
    ever written in place: registers share.
    """

    __slots__ = ("count", "counters", "memory", "threads", "values")

    def __init__(self, values: list[Array], threads: Threads, memory: Memory, counters: Counters) -> None:
        self.values, self.threads, self.memory, self.counters = values, threads, memory, counters
        self.count = threads.count
