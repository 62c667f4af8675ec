"""All the memory that a frame sees: state spaces by name, generic addresses, addresses of variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from opbench.ptx.frame import Frame, ThreadError
from opbench.ptx.types import Array

WINDOW = 1 << 40
WINDOWS = {"shared": 0x7D00_0000_0000, "local": 0x7C00_0000_0000, "global": 0, "const": 0}
"""Where generic addresses of a space begin. Those of global and const memory are their own."""


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


def write_parts(content: Array, places: Array, parts: list[Array]) -> None:
    """Into bytes. Of threads that write one place the last one wins."""
    for number, part in enumerate(parts):
        content.view(part.dtype)[places // part.dtype.itemsize + number] = part


def space_of(addresses: Array) -> Array:
    """For generic addresses 0 where they are global, 1 where shared, 2 where local."""
    places = np.zeros(addresses.shape, np.int8)
    for number, space in ((1, "shared"), (2, "local")):
        places[(addresses >= WINDOWS[space]) & (addresses < WINDOWS[space] + WINDOW)] = number
    return places


def check_alignment(addresses: Array, access: Access, chosen: Array | None) -> None:
    """Raises ThreadError for the first address that is no multiple of the bytes accessed at once."""
    wrong = addresses & np.uint64(access.bytes - 1) != 0
    if wrong.any():
        address = int(addresses[wrong.argmax()])
        reason = f"misaligned: {access.action} {access.bytes} bytes at {access.space} address {address:#x}"
        raise ThreadError(reason, first_position(wrong, chosen))


def first_position(wrong: Array, chosen: Array | None) -> int:
    """The place in the frame of the first that is wrong."""
    first = int(wrong.argmax())
    return first if chosen is None else int(chosen[first])
