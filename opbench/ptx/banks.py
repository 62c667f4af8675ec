"""Shared memory's banks: how often a warp has to go there for one access.

32 banks, each 4 bytes wide; successive words lie in successive banks. A bank gives a warp one word at once, so
different words of one bank take turns, while threads that ask for the same word share it (CUDA C++ Programming Guide,
"Shared Memory" of compute capability 5.x and later). Accesses of 8 bytes go by halves of a warp, those of 16 bytes by
quarters: 128 bytes a cycle are returned, a register of each thread (an answer of NVIDIA's in its developer forum,
"Unexpected shared memory bank conflict", topic 77228). By the same answer, devices of compute capability 7.0 to 7.5
need half the turns for a wide load where all threads ask for what their neighbour (lane ^ 1 or lane ^ 2) asks for; for
later ones nothing was found documented, and that is not counted here.
"""

from __future__ import annotations

import numpy as np

from opbench.ptx.number_types import Array

BANKS = 32
ROW_BITS = 11
"""Of a word's row across the banks: shared memory has up to 1816 rows."""


def wavefronts(warps: Array, lanes: Array, addresses: Array, size: int) -> tuple[int, int]:
    """Turns that the access takes, and the fewest it could: one for each warp, half or quarter that takes part.

    warps, lanes: int64 (n,). addresses: int64 (n,), in the block's shared memory, aligned to `size` bytes.
    """
    if not addresses.size:
        return 0, 0
    part = max(1, size // 4)
    phases = warps * part + lanes // (32 // part)
    words = addresses >> 2
    keys = np.concatenate([_key(phases, words + step) for step in range(part)])
    keys.sort()
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    banks = keys >> ROW_BITS
    first = np.flatnonzero(np.concatenate(([True], banks[1:] != banks[:-1])))
    words_of_bank = np.diff(np.append(first, keys.size))
    groups = banks[first] // BANKS
    starts = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1])))
    return int(np.maximum.reduceat(words_of_bank, starts).sum()), starts.size


def _key(phases: Array, words: Array) -> Array:
    keys: Array = (phases * BANKS + (words & (BANKS - 1))) << ROW_BITS | words >> 5
    return keys
