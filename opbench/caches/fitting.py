"""From times of stores at many sizes to what some threads have of the caches.

Every size was written in two ways, through the caches and around them, and read back once, as the next layer reads an
output: who goes around the caches writes sooner and makes the reader wait. What both take together decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median_low

from opbench.caches.use import LARGEST_BYTES, SIZES, SMALLEST_BYTES, CacheUse

NEVER_BYTES = LARGEST_BYTES
"""Where stores around the caches do not pay at any size, or do not exist."""

FRESH_MARGIN, REUSED_MARGIN = 0.05, 0.15
"""Natural logarithms by which going around must be quicker. What is written again stays for whoever reads it, perhaps
more than once: on two cores of an Intel Xeon (family 6, model 207) both ways were within 15 % from 6 to 32 MiB in one
minute and up to 1.6x apart, in favour of the cache, in another; beyond, going around was 1.4x to 1.5x quicker."""

THERE = 0.75
"""Of what reading back from memory takes: an output that is read back in less is still in the caches. They read 1.4 to
2.2 times as fast as memory on two cores of an Intel Xeon (family 6, model 207)."""


@dataclass(frozen=True)
class Times:
    """Seconds to write an output of some size, and to read it back."""

    write_s: float
    read_s: float

    @property
    def both_s(self) -> float:
        return self.write_s + self.read_s


@dataclass(frozen=True)
class Pair:
    """The same output written through the caches and around them."""

    through: Times
    around: Times


def fitted(fresh: Mapping[int, Pair], reused: Mapping[int, Pair], *, goes_around: bool = True) -> CacheUse:
    """By size in bytes, of outputs in memory as an allocator gives it and in the same memory every time.

    goes_around: whether the processor has stores that do.
    """
    cache = _last_below(
        reused, [math.log(one.through.read_s / (THERE * one.around.read_s)) for one in _by_size(reused)]
    )
    if not goes_around:
        return CacheUse(cache, NEVER_BYTES, NEVER_BYTES, "measured")
    first, second = _pays_from(fresh, FRESH_MARGIN), _pays_from(reused, REUSED_MARGIN)
    return CacheUse(cache, min(first, second), second, "measured")


def middle(found: Iterable[CacheUse]) -> CacheUse:
    """Of several measurements the median of each size; the smaller of two in the middle."""
    several = list(found)
    return CacheUse.measured({name: median_low(getattr(one, name) for one in several) for name in SIZES})


def _by_size(pairs: Mapping[int, Pair]) -> list[Pair]:
    return [pairs[size] for size in sorted(pairs)]


def _pays_from(pairs: Mapping[int, Pair], margin: float) -> int:
    losses = [math.log(one.through.both_s / one.around.both_s) - margin for one in _by_size(pairs)]
    at = turn(losses)
    return sorted(pairs)[at] if at < len(losses) else NEVER_BYTES


def _last_below(pairs: Mapping[int, Pair], values: Sequence[float]) -> int:
    return max(SMALLEST_BYTES, sorted(pairs)[max(0, turn(values) - 1)])


def turn(values: Sequence[float]) -> int:
    """Where values that are below zero at first are above it from then on, as near as one step can say.

    The step that leaves the least on its wrong side: one value that a busy moment spoilt does not move it.
    """
    sums = [0.0, *accumulate(values)]
    return min(range(len(sums)), key=lambda at: sums[at])
