"""The levels of memory that the measuring threads have, and the working sets to measure them with."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from opbench.caches import CacheUse, known
from opbench.caches.told import CPUS, Cache, every_cache, processors
from opbench.ceilings.ceiling import Level

DRAM = Level("DRAM", math.inf)
FAR, MIN_FAR = 4, 2
"""Times the last cache, for DRAM: of a working set gone over in turns little is found there again. The smaller number
where the larger one would be past LARGE_KIB."""

SMALLEST_KIB, LARGE_KIB, MAX_KIB = 4, 256 << 10, 512 << 10
"""A working set beyond takes seconds to make and to check, whatever the caches of the machine."""

APART = 1.5
"""A level that holds no more than so many times the one before is the same level: two working sets that lie in both
could not be told apart."""

DISTANT, WIDE = 6, 16
"""Levels further apart than the first are measured in between as well: so far past the smaller one that it is no part
of that, or, further apart than the second, in the middle.

Half of an L2 of 4 MiB was written at 72 GB/s, half of an L3 of 32 MiB at 34, 6 MiB at 32 to 37, where a line between
the two had 49 (two cores of a Xeon, family 6, model 207).
"""


def memory_levels(
    environment: Mapping[str, Any], cpus: Path = CPUS, usable: Iterable[int] = (), use: CacheUse | None = None
) -> tuple[Level, ...]:
    """Return the caches, smallest first, each as large as the threads have it together; then DRAM.

    A core's own cache counts as the system tells it, once a thread. The last one, which others use too, counts as
    `use` says, what is known of this machine where left out. usable: the processors that the threads may run on; this
    process's where left out. On a GPU its L2. A machine that does not tell its caches has DRAM only.
    """
    if environment["device"] == "cuda":
        return Level("L2", environment["l2_bytes"]), DRAM
    threads = environment["threads"]
    sizes = _sizes_by_level(every_cache(tuple(usable) or processors(), cpus), threads)
    return *_distinct(_caches(sizes, use or known(threads))), DRAM


def _sizes_by_level(caches: Iterable[Cache], threads: int) -> dict[int, int]:
    """The bytes of as many of the caches as the threads can be spread over."""
    sizes: dict[int, list[int]] = defaultdict(list)
    for cache in caches:
        sizes[cache.level].append(cache.size_bytes)
    return {level: sum(sorted(of_level, reverse=True)[:threads]) for level, of_level in sorted(sizes.items())}


def _caches(sizes: Mapping[int, int], use: CacheUse) -> list[Level]:
    """The last one is no larger than what the threads can use; one that only measuring finds comes after those told."""
    if not sizes:
        return []
    *nearer, (last, last_bytes) = sizes.items()
    largest_nearer = max((size for _, size in nearer), default=0)
    caches = [Level(f"L{number}", size) for number, size in nearer]
    caches.append(Level(f"L{last}", min(last_bytes, max(largest_nearer, use.cache_bytes))))
    if use.source == "measured" and use.cache_bytes >= FAR * last_bytes:
        caches.append(Level(f"L{last + 1}", use.cache_bytes))
    return caches


def _distinct(caches: Iterable[Level]) -> list[Level]:
    distinct: list[Level] = []
    for level in sorted(caches, key=lambda level: level.size_bytes):
        if not distinct or level.size_bytes > APART * distinct[-1].size_bytes:
            distinct.append(level)
    return distinct


def working_sets_kib(levels: Iterable[Level], memory_bytes: int | None = None) -> tuple[int, ...]:
    """Return KiB to measure at: half of each cache, between distant ones, FAR times the last; the last within bounds.

    memory_bytes: of the machine, of which a 32nd part may be taken; None where it is not known.
    """
    sizes = [level.size_bytes for level in levels if level.size_bytes < math.inf]
    most = MAX_KIB if memory_bytes is None else max(SMALLEST_KIB, min(MAX_KIB, memory_bytes >> 15))
    between = [
        math.sqrt(small * large) if large >= WIDE * small else APART * small
        for small, large in pairwise(sizes)
        if large >= DISTANT * small
    ]
    far = max(MIN_FAR * sizes[-1], min(FAR * sizes[-1], LARGE_KIB << 10)) if sizes else LARGE_KIB << 10
    wanted = [*(size / 2 for size in sizes), *between, far]
    return tuple(sorted({min(most, max(SMALLEST_KIB, round(size / 1024))) for size in wanted}))
