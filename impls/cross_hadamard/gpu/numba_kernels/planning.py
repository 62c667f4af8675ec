"""What a shape is run with: threads, tile, vector width, chunk. A rule in plain Python; nothing is tuned in a launch.

The figures of `DEVICE` follow from register counts and the arithmetic of lanes and banks; where a measurement on a
GPU stands behind one, it says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from impls.cross_hadamard.gpu.numba_kernels.language.target import SIMULATED

MOST_BLOCKS = 2**31 - 1
MOST_ROWS = 65535
"""Limits of a grid's first and of its other dimensions."""


@dataclass(frozen=True)
class Settings:
    """What the rules below count with."""

    edge: int
    """Side of a block of the published schedules."""
    threads: int
    """Of a block of ours."""
    blocks: int
    """At most this many of ours; more work is done in turns."""
    tiles: tuple[int, ...]
    """Channels of a tile on each side, the preferred first."""
    items: int
    """Threads worth having: below it the next smaller tile is taken, which spreads the work thinner."""
    pieces: dict[int, int]
    """Bytes a thread of `flat` stores at once, by the bytes of an element."""
    chunk: int
    """Elements of a flat chunk at least."""
    shared: int
    """Bytes of shared memory a block may ask for."""
    reducing: int
    """Threads at most of a block that adds up parameters' sums: a power of two, 4 or more."""
    places: int
    """Places (batch, space) from which on a thread of the backward walks all pairs of its place."""
    waves: int
    """Blocks worth having at once."""


DEVICE = Settings(
    edge=32,
    threads=128,
    blocks=MOST_BLOCKS,
    tiles=(8, 4, 2),
    items=132 * 256,  # an H200's multiprocessors, a quarter of their threads: each has 16 or more stores in flight
    # A warp's lanes read shared memory `piece` bytes apart: at 16 bytes four lanes meet in each bank, at 8 two, at 4
    # none. The stores of a warp are whole 128-byte lines at any of the three. Counted at 2x8x14x14: with 16 bytes each,
    # float32 has 380 requests for 466, and 2256 conflicts for 784; bfloat16 338 for 466, and 1856 for 104.
    pieces={2: 4, 4: 8, 8: 16},
    chunk=2048,
    shared=48 * 1024,
    reducing=128,
    places=132 * 128,
    waves=132 * 8,
)

SIMULATOR = Settings(
    edge=2,
    threads=3,
    blocks=4,
    tiles=(4, 2),
    items=40,
    pieces={2: 16, 4: 16, 8: 16},
    chunk=40,
    shared=2560,
    reducing=4,
    places=30,
    waves=3,
)
"""Every thread is a Python thread here, so blocks are small: 2 x 2 for the published 32 x 32."""

SETTINGS = SIMULATOR if SIMULATED else DEVICE


def blocks_for(items: int, threads: int, most: int = MOST_BLOCKS) -> int:
    """Blocks of a linear grid."""
    return max(1, min(-(-items // threads), most))


def alignment(*sizes: int) -> int:
    """The largest power of two, 16 at most, that divides all of these addresses and byte counts."""
    bits = 16
    for size in sizes:
        bits |= size
    return bits & -bits


def tile_for(settings: Settings, batch: int, n: int, vectors: int) -> int:
    """The first tile that leaves `items` threads busy, else the smallest."""
    for tile in settings.tiles:
        tiles = -(-n // tile)
        if batch * vectors * tiles * (tiles + 1) // 2 >= settings.items and n > tile // 2:
            return tile
    return settings.tiles[-1]


def threads_for(settings: Settings, size: int) -> int:
    """Of a block that adds up parameters' sums over pieces of a map of `size` words: no longer than the map needs."""
    threads = settings.reducing
    while threads > min(32, settings.reducing) and 2 * size <= threads:
        threads //= 2
    return threads


def chunk_for(settings: Settings, batch: int, span: int, staged: int, width: int) -> int:
    """Elements of a chunk, a multiple of the width: enough chunks to fill the GPU twice, yet each at least as long
    as what its block stages first.
    """
    even = -(-batch * span // (2 * settings.waves))
    chunk = max(settings.chunk, min(even, 16 * settings.chunk), staged)
    return -(-chunk // width) * width
