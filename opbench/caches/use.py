"""What some threads have of this machine's caches, and what the system's word for it is worth.

A cache that cores share is told whole: two cores of a large socket are told 300 MiB and reach a tenth of it, because
the others use it too. So a size that is read is a guess, and one that is measured replaces it.

There are two sizes from which on stores should go around the caches. An output in memory that was not written lately
has no line in the cache yet: an ordinary store reads what it replaces and drives out something else, so going around
pays early. One that is written again and again (`out=`) is still there as long as it fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Literal

from opbench.caches.told import CPUS, Cache, last_caches, processors

SIZES = ("cache_bytes", "stream_fresh_bytes", "stream_reused_bytes")
"""The fields of a `CacheUse` that are measured."""

Source = Literal["measured", "system", "assumed"]

SMALLEST_BYTES, LARGEST_BYTES = 64 << 10, 4 << 30
"""Between these lies every cache that some threads can have; what is told or kept beyond them is a mistake."""

MOST_A_THREAD, ASSUMED_A_THREAD = 12 << 20, 8 << 20
FRESH_SHARE = 3
"""A guess gives two cores of a large socket 24 MiB, and goes around from 8 MiB on where memory is fresh. Measured, us,
through the caches | around them, on two of a Xeon (family 6, model 207) that is told 300 MiB: fresh 229 | 204 at 6 MiB,
502 | 407 at 12, 1,444 | 854 at 24; written again 431 | 555 at 12, 775 | 958 at 24, 1,718 | 1,678 at 48. On two of an
EPYC 7003 that is told 32 MiB, GB/s: 29 | 20 to 30 at 6 MiB, 20 | 20 at 12, 18 | 19 at 24."""


@dataclass(frozen=True)
class CacheUse:
    """How much cache some threads can use together, and from which size of an output on stores should go around it.

    stream_fresh_bytes: for an output in memory that was not written lately, as an allocator gives it.
    stream_reused_bytes: for one that is written again and again, such as `out=`.
    source: "measured" here, told by the "system", or "assumed" where that tells nothing.
    note: what was wrong with a kept measurement, in one line; "" where nothing was.
    """

    cache_bytes: int
    stream_fresh_bytes: int
    stream_reused_bytes: int
    source: Source
    note: str = ""

    @classmethod
    def measured(cls, sizes: Mapping[str, int]) -> CacheUse:
        """From sizes by name, see SIZES; raises KeyError where one is missing."""
        cache, fresh, reused = (sizes[name] for name in SIZES)
        return cls(cache, fresh, reused, "measured")

    @property
    def possible(self) -> bool:
        """Whether a machine can be like that."""
        sizes = [getattr(self, name) for name in SIZES]
        return all(type(size) is int and SMALLEST_BYTES <= size <= LARGEST_BYTES for size in sizes)


def from_system(threads: int, cpus: Path = CPUS, usable: Iterable[int] = ()) -> CacheUse:
    """A guess from what the system tells of its caches; never fails.

    cpus: where it tells them. usable: the processors that the threads may run on, this process's where left out.
    """
    where = tuple(usable) or processors()
    count = max(1, min(threads, len(where)))
    groups = sorted(last_caches(where, cpus), key=lambda found: -found[-1].size_bytes)[:count]
    if not groups:
        return guessed(ASSUMED_A_THREAD * count, "assumed")
    shares = [_share(found, part) for found, part in zip(groups, _spread(count, len(groups)), strict=True)]
    return guessed(min(sum(shares), MOST_A_THREAD * count), "system")


def guessed(cache_bytes: int, source: Source) -> CacheUse:
    """What usually follows from the size alone."""
    size = min(max(cache_bytes, SMALLEST_BYTES << 1), LARGEST_BYTES)
    return CacheUse(size, max(size // FRESH_SHARE, SMALLEST_BYTES), size, source)


def _spread(threads: int, groups: int) -> list[int]:
    """Threads a group, as even as can be."""
    return [threads // groups + (at < threads % groups) for at in range(groups)]


def _share(caches: tuple[Cache, ...], threads: int) -> int:
    """Of one processor's last cache what so many of the threads that share it get, no less than of the one before.

    All of it where the others are idle, a fair share where they are busy: the middle of both is off by the same factor
    either way.
    """
    whole, fair = caches[-1].size_bytes, _fair(caches[-1], threads)
    own = _fair(caches[-2], threads) if len(caches) > 1 else 0
    return min(max(isqrt(fair * whole), own), whole)


def _fair(cache: Cache, threads: int) -> int:
    """What so many of the processors that share caches of this size have between them when all are busy."""
    return cache.size_bytes * threads // len(cache.shared_by)
