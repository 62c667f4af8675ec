"""What all state spaces share: alignment, generic addresses, parts written behind each other."""

from __future__ import annotations

import numpy as np

from opbench.ptx.frame import WINDOW, WINDOWS, Access, ThreadError
from opbench.ptx.number_types import Array


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
    below = np.uint64(access.bytes - 1)
    if np.bitwise_or.reduce(addresses) & below:
        wrong = addresses & below != 0
        address = int(addresses[wrong.argmax()])
        reason = f"misaligned: {access.action} {access.bytes} bytes at {access.space} address {address:#x}"
        raise ThreadError(reason, first_position(wrong, chosen))


def first_position(wrong: Array, chosen: Array | None) -> int:
    """The place in the frame of the first that is wrong."""
    first = int(wrong.argmax())
    return first if chosen is None else int(chosen[first])
