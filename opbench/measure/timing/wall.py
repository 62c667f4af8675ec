"""The CPU clock: wall time of a group of calls, read from the monotonic performance counter."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from opbench.measure.timing.clock import Clock, Timer
from opbench.measure.timing.led import LedClock
from opbench.vocabulary.backend import Launch


class WallClock:
    """Warm caches: the calls of a group follow each other on the same inputs.

    One sample lasts a millisecond or more, 10,000 times the counter's resolution (about 0.1 us from Python).
    A longer sample would average the noise away that the interval is there to show.
    """

    name = "wall"
    sample_target_s = 1e-3
    max_calls = 1 << 20

    def timer(self, launch: Launch) -> Timer:
        return WallTimer(launch)


class WallTimer:
    """Groups calls. `output` is what the last one returned, let go of when the next sample begins: in every sample and
    for every backend alike.
    """

    reuses = False

    def __init__(self, launch: Launch) -> None:
        self.call = launch
        self.output: Any = None

    def __call__(self, calls: int) -> float:
        launch, now = self.call, perf_counter  # a launch that replaced the module's clock would not replace this one
        repeats = range(calls - 1)
        self.output = None
        start = now()
        for _ in repeats:
            launch()
        output = launch()
        seconds = (now() - start) / calls
        self.output = output
        return seconds


class LedWallClock(LedClock):
    """The same where backends bring threads of their own: every sample is led by one call that is not timed.

    Threads that the launch before left spinning (GNU OpenMP's do for about a millisecond) would take their share of a
    sample's cores, and its weights would find the caches full of the other's.
    """

    def __init__(self) -> None:
        super().__init__(WallClock())
        self.name = "wall:led"


CLOCKS: dict[str, Callable[[], Clock]] = {"wall": WallClock, "wall:led": LedWallClock}
