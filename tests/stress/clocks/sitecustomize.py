"""Clocks that jump by seconds at every reading: what a test asserts of time that nobody handed to it fails at once.

    PYTHONPATH=tests/stress/clocks python -m pytest

Python imports a module of this name when it starts, so that every process of a test has such clocks. They jump where
this project reads them and nowhere else: libraries wait as long as they say. Of two processes that compare what they
read, the parent and its measuring process, neither does.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

JUMP_S = 2.0

PROJECT = str(Path(__file__).parents[3])

COMPARED = ("/opbench/process/measuring_process.py", "/opbench/process/marker.py")

_ahead_s = 0.0


def _jump() -> float:
    """Seconds ahead after this reading; none where it is not the project that reads."""
    global _ahead_s  # noqa: PLW0603  (one clock for a process)
    reader = sys._getframe(2).f_code.co_filename
    if not reader.startswith(PROJECT) or reader.endswith(COMPARED):
        return 0.0
    _ahead_s += JUMP_S
    return _ahead_s


def jumping(clock: Callable[[], float]) -> Callable[[], float]:
    def read() -> float:
        return clock() + _jump()

    read.__name__, read.__qualname__ = clock.__name__, clock.__name__  # looked up by it in pytest-benchmark
    return read


def perf_counter_ns() -> int:
    return _perf_counter_ns() + int(_jump() * 1e9)


_perf_counter_ns = time.perf_counter_ns
time.perf_counter_ns = perf_counter_ns
time.perf_counter = perf_counter = jumping(time.perf_counter)
time.monotonic = monotonic = jumping(time.monotonic)
