"""Slices on the CPU: wall time by the monotonic performance counter, caches as warm as the calls before leave them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, TypeAlias

from opbench.gate.timers import Measured

WARM_UP_S = 0.005
"""Seconds of calls before the first slice: lazy initialisation, the rest settles in a slice's first samples."""

FEWEST_CALLS = 2
"""Calls of the warm-up however slow they are: the first one may compile or allocate what the others find done."""

Arguments: TypeAlias = "tuple[Sequence[Any], Mapping[str, Any]]"


class WallSlices:
    """A sample is a group of calls between two readings of the counter."""

    def prepare(self, call: Callable[[], object]) -> float:
        self._call = call
        best, spent, done, calls = float("inf"), 0.0, 0, 1
        while done < FEWEST_CALLS or spent < WARM_UP_S:
            took = self._timed(calls)
            best, spent, done = min(best, took / calls), spent + took, done + calls
            calls = done  # groups of 1, 1, 2, 4, ...: the counter's own 0.1 us soon does not matter
            if took > WARM_UP_S:
                calls = 1
        return best

    def slice(self, calls: int, samples: int) -> Measured:
        return Measured(tuple(self._timed(calls) / calls for _ in range(samples)))

    def _timed(self, calls: int) -> float:
        call, repeats = self._call, range(calls)
        start = perf_counter()
        for _ in repeats:
            call()
        return perf_counter() - start


class SetUpSlices:
    """For `pedantic(setup=...)`: every sample is one call, with whatever `setup` made for it just before, untimed.

    arguments: makes a call's arguments. put_away: `teardown`, given the same arguments after each call, untimed.
    """

    def __init__(self, arguments: Callable[[], Arguments], put_away: Callable[..., object] | None) -> None:
        self._arguments, self._put_away = arguments, put_away

    def prepare(self, call: Callable[..., object]) -> float:
        self._call = call
        best, spent, done = float("inf"), 0.0, 0
        while done < FEWEST_CALLS or spent < WARM_UP_S:
            start = perf_counter()
            best = min(best, self._timed())
            spent, done = spent + perf_counter() - start, done + 1
        self.whole_s = spent / done
        """Seconds of one sample with everything around it."""
        return best

    def slice(self, calls: int, samples: int) -> Measured:
        if calls != 1:
            raise ValueError(f"{calls} calls a sample were asked for; with a setup before each there is 1")
        return Measured(tuple(self._timed() for _ in range(samples)))

    def _timed(self) -> float:
        args, kwargs = self._arguments()
        call = self._call
        start = perf_counter()
        call(*args, **kwargs)
        took = perf_counter() - start
        if self._put_away is not None:
            self._put_away(*args, **kwargs)
        return took
