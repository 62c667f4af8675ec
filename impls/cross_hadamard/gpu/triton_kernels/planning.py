"""Which configuration a shape gets: a rule in plain Python, so that nothing is tuned inside a launch.

Not measured on a GPU yet: the reasons given are the compiler's registers and the arithmetic of lanes. `tuning.tune`
measures the candidates on the device; what it finds belongs here.
"""

from __future__ import annotations

from typing import NamedTuple

LARGEST_BLOCK = 4096
"""Elements of a flat block at most: `flat.quotient` is exact up to 2^13."""


class Configuration(NamedTuple):
    """What a kernel is compiled for."""

    tile: int
    """Channels i and channels j that a program keeps; 1 where the schedule has no tiles."""
    block: int
    """Elements of a map, or of the flat output, that a program covers: a power of two."""
    warps: int
    """Warps of 32 lanes in a program."""


def power_of_two(size: int) -> int:
    """The smallest power of two >= size, for size >= 1."""
    return 1 << (size - 1).bit_length()


def vector_width(size: int, itemsize: int) -> int:
    """Elements of the widest access, up to 16 bytes, that every map of `size` elements starts aligned to."""
    width = 16 // itemsize
    while size % width:
        width //= 2
    return width


def plan_blocked(n: int, size: int, itemsize: int, normed: bool) -> Configuration:
    """Tile 8 reads a quarter of a value per product; other types and norms hold too many registers for it.

    A lane owns 16 bytes of every map, in one access where the maps are aligned to it, so a program's stores are
    512 bytes a warp and map. One warp where a map is smaller than two of those, else two: more programs in flight
    hide the loads that begin each.
    """
    tile = 8 if itemsize == 4 and not normed else 4
    while tile > 2 and tile >= 2 * n:
        tile //= 2
    lane = 16 // itemsize
    warps = 1 if size <= 32 * lane else 2
    return Configuration(tile, min(32 * lane * warps, max(32, power_of_two(size))), warps)


def plan_flat(total: int, size: int, itemsize: int, normed: bool) -> Configuration:
    """1024 elements share one search for the first pair; fewer where that leaves the GPU's multiprocessors empty.

    A lane owns 16 bytes. With a norm and a 16-bit type 4 elements, which hold 48 registers at 7x7 in bfloat16 with tanh
    where 8 hold 108; but 8 where they are one unit: 42 registers, and no exchange in shared memory between its halves.
    """
    lane = 16 // itemsize
    if normed:
        lane = max(min(lane, 4), vector_width(size, itemsize))
    block = 1024
    while block > 128 and total < 256 * block:
        block //= 2
    return Configuration(1, block, max(1, block // (32 * lane)))


def plan_backward(batch: int, n: int, size: int, itemsize: int, normed: bool) -> Configuration:
    """Columns (tile 0 stands for all n channels) where they fit in registers and give every multiprocessor work.

    A program holds rows x block values at least three times over. A lane takes 32 of each; 8 with a norm, and half
    of either in float64, where more would spill; `owner` takes 16 of 16 partners, and with a norm 4 of 8: tanh holds
    92 to 102 registers in float32 so, and spills 24 to 48 bytes with 8 or 16 values a lane, as softsign does. For the
    same reason a norm has columns for up to 64 channels only. Fewer programs than about two for each of an H200's 132
    multiprocessors leave it idle, and such small gradients are still in its L2 cache when `owner` reads them for the
    second time.
    """
    lane = 8 if normed else 32
    if itemsize == 8:
        lane //= 2
    rows = max(16, power_of_two(n))
    block = min(max(32, (1024 if normed else 4096) // rows), max(32, power_of_two(size)))
    if rows <= (64 if normed else 128) and batch * -(-size // block) >= 256:
        return Configuration(0, block, min(16, max(1, rows * block // (32 * lane))))
    block = min(128, max(32, power_of_two(size)))
    partners, lane = (8, 4) if normed else (16, 16)
    return Configuration(partners, block, max(1, partners * block // (32 * lane)))
