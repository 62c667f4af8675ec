"""One core for all workers of a round: what cores differ by is then common to the round, and goes with its mean.

Left alone, a worker mostly wakes up on the core it last ran on, so that a core with a busy neighbour becomes a trait of
some workers. Of 20 benchmarks on a shared two-core machine (EPYC 9004), the spread between 16 workers of the same code
went from 12 % to 3 % for the product at 1x64x28x28, from 4 % to 0.5 % for Ghost, from 5 % to 0.9 % for the network.
"""

from __future__ import annotations

import os
import random as random_numbers
from collections.abc import Iterator
from contextlib import contextmanager


class Cores:
    """A core for each round, drawn anew, out of those this process may use.

    None where workers are not to be held on one: numeric libraries with several threads need several, a GPU's host
    thread is not what is timed, and not every system can.
    """

    def __init__(self, device: str, threads: int, random: random_numbers.Random) -> None:
        pinned = device == "cpu" and threads == 1 and hasattr(os, "sched_getaffinity")
        self._cores = sorted(os.sched_getaffinity(0)) if pinned else []
        self._random = random

    def draw(self) -> int | None:
        return self._random.choice(self._cores) if self._cores else None


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Holds the calling thread on that core alone, and lets it go where it was allowed before. None changes nothing."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
