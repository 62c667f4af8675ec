"""Outputs of many sizes written through the caches and around them, and read back: what `opbench.caches` goes by.

Every way takes turns in an order drawn anew, and of the turns the best counts, because whatever disturbs a machine
makes it slower; one in which the system took a thread off its core counts only where there is no other. It ends by the
clock, so that a slow machine answers as soon as a quick one.
"""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Callable, Iterator
from itertools import product
from time import perf_counter

import torch

from impls.machine.library import address, function
from impls.machine.stores import PERIOD, squares
from opbench.caches import CacheUse, from_system
from opbench.caches.fitting import Pair, Times, fitted

MIB = 1 << 20

SMALLEST_BYTES = MIB // 2
LEAST_BYTES = 128 * MIB
MOST_BYTES = 512 * MIB
MEMORY_SHARE = 16
"""One part in so many of the memory may be taken."""

RING = 4
"""Outputs that share fresh memory in turns. An allocator gives back what was freed a few outputs ago: with two or three
of them going around pays from 6 to 8 MiB on, with eight from 3 (two cores of a Xeon, family 6, model 207, where 16 to
32 MiB of a cache of 300 are to be had)."""

SAMPLE_BYTES = 8 * MIB
"""A sample writes at least so much, in several outputs where they are smaller."""

LIMIT_S, TURNS = 0.5, 4

Way = tuple[int, bool, bool]
"""An output's bytes; whether its memory is the same every time; whether stores go around the caches."""


def measured_once(limit_s: float = LIMIT_S, now: Callable[[], float] = perf_counter) -> CacheUse:
    """What the threads that PyTorch has now can use of the caches, from times of half a second.

    limit_s: no turn begins after so long. Takes 128 MiB of memory, 512 MiB at most on a large machine. Raises
    MachineError where the loops cannot be built.
    """
    largest = largest_bytes(torch.get_num_threads(), _memory_bytes())
    best = _best(sizes_up_to(largest), Writer(largest, now), limit_s, now)
    pairs: dict[bool, dict[int, Pair]] = {False: {}, True: {}}
    for size, reused in {(size, reused) for size, reused, _ in best}:
        through, around = (best.get((size, reused, way)) for way in (False, True))
        if through and around:
            pairs[reused][size] = Pair(through, around)
    return fitted(pairs[False], pairs[True], goes_around=function("goes_around")())


def largest_bytes(threads: int, memory_bytes: int) -> int:
    """Four times what the threads may have of the caches, within bounds; a power of two. Of twice as much a good part
    is in them still: of 64 MiB written again and again on two cores of an EPYC 9004 with 32 MiB, writing through and
    reading back takes 1.06 times what it takes around, of 96 MiB 1.35 times.
    """
    wanted = min(max(4 * from_system(threads).cache_bytes, LEAST_BYTES), MOST_BYTES, memory_bytes // MEMORY_SHARE)
    return 1 << max(SMALLEST_BYTES, wanted).bit_length() - 1


def sizes_up_to(largest: int) -> tuple[int, ...]:
    """Powers of two, and one between two of them."""
    powers = [SMALLEST_BYTES << at for at in range((largest // SMALLEST_BYTES).bit_length())]
    return tuple(sorted({*powers, *(size * 3 // 2 for size in powers[:-1])}))


class Writer:
    """Writes and reads outputs of up to `largest` bytes, and fresh ones, of which RING take turns in as much memory."""

    def __init__(self, largest: int, now: Callable[[], float] = perf_counter) -> None:
        self._pool = torch.zeros(largest // 4)
        self._small = torch.rand(PERIOD)
        self._now = now

    def sample(self, way: Way) -> tuple[bool, Times]:
        """The mean of as many outputs as make a sample, and whether another process came between.

        All places are written once before, in the same way: what is left in the caches is what that way leaves there.
        """
        size, reused, around = way
        places = [at * size for at in range(1 if reused else RING)]
        for at in places:
            squares(self._small, address(self._pool) + at, size // 4, around)
        times = max(1, SAMPLE_BYTES // size)
        before = _taken_off()
        samples = [self._write_and_read(places[turn % len(places)], size, around) for turn in range(times)]
        write_s, read_s = (sum(getattr(sample, name) for sample in samples) / times for name in ("write_s", "read_s"))
        return _taken_off() > before, Times(write_s, read_s)

    def _write_and_read(self, at: int, size: int, around: bool) -> Times:
        where, count = address(self._pool) + at, size // 4
        began = self._now()
        squares(self._small, where, count, around)
        written = self._now()
        function("read")(where, count, 1, False)
        return Times(written - began, self._now() - written)


def _best(sizes: tuple[int, ...], writer: Writer, limit_s: float, now: Callable[[], float]) -> dict[Way, Times]:
    """Of every way the best of its turns. The first turn is finished whatever it takes, smaller sizes first."""
    found: dict[Way, tuple[bool, Times]] = {}
    began = now()
    for way in _turns(sizes):
        if now() - began > limit_s and way in found:
            break
        found[way] = better(found.get(way), writer.sample(way))
    return {way: times for way, (_, times) in found.items()}


def better(known: tuple[bool, Times] | None, one: tuple[bool, Times]) -> tuple[bool, Times]:
    """Of two samples the one that was not disturbed, or the best of both; each a pair of disturbed and times."""
    if known is None or known[0] > one[0]:
        return one
    if known[0] < one[0]:
        return known
    both = known[1], one[1]
    return one[0], Times(min(times.write_s for times in both), min(times.read_s for times in both))


def _turns(sizes: tuple[int, ...]) -> Iterator[Way]:
    """Fresh outputs take RING times their memory, so they end at that part of the largest size."""
    ways: list[Way] = [
        (size, reused, way)
        for size, reused, way in product(sizes, (False, True), (False, True))
        if reused or size <= sizes[-1] // RING
    ]
    draw = random.Random(0)  # noqa: S311  (an order of turns, not a secret)
    for _ in range(TURNS):
        yield from ways
        draw.shuffle(ways)


def _taken_off() -> int:
    """How often the system took a thread of this process off its core for another one."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def _memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
