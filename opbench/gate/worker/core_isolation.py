"""What is kept away from a slice: other cores, hooks in every call, garbage collection.

Left alone, a worker mostly wakes up on the core it last ran on, so that a core with a busy neighbour becomes a trait of
some workers. Of 20 benchmarks on a shared two-core machine (EPYC 9004), the spread between 16 workers of the same code
went from 12 % to 3 % for the product at 1x64x28x28, from 4 % to 0.5 % for Ghost, from 5 % to 0.9 % for the network.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pinned_to_core(core: int | None) -> Iterator[None]:
    """Pin the calling thread to that core alone, and let it go where it was allowed before. None changes nothing."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def untraced() -> Iterator[None]:
    """Take a debugger's, a profiler's or a coverage tool's hook out of every call."""
    tracing, profiling = sys.gettrace(), sys.getprofile()
    sys.settrace(None)
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.settrace(tracing)
        sys.setprofile(profiling)


@contextmanager
def undisturbed() -> Iterator[None]:
    """The same, and without garbage collection, which would fall into one slice and not into the next."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        with untraced():
            yield
    finally:
        if collecting:
            gc.enable()
