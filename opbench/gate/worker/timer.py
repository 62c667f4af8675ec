"""What takes a benchmark's slices in a worker: the interface, and on the CPU wall time by the performance counter.

Caches are as warm as the calls before leave them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeAlias

WARM_UP_S = 0.005
"""Seconds of calls before the first slice: lazy initialisation, the rest settles in a slice's first samples."""

FEWEST_CALLS = 2
"""Calls of the warm-up however slow they are: the first one may compile or allocate what the others find done."""

Arguments: TypeAlias = "tuple[Sequence[Any], Mapping[str, Any]]"


class SliceTiming(NamedTuple):
    """samples_s: seconds per call, one figure a sample. clock_hz: the device's frequency meanwhile, None if unknown."""

    samples_s: tuple[float, ...]
    clock_hz: float | None = None


class Timer(Protocol):
    """Times one benchmark in one worker, on one kind of device."""

    def prepare(self, call: Callable[[], object]) -> float:
        """Take `call` as what is timed from now on, and warm it up. Seconds that a call takes, roughly."""
        ...

    def slice(self, calls: int, samples: int) -> SliceTiming:
        """`samples` samples back to back, each of `calls` calls. Whatever the call raises is passed on."""
        ...


class CpuTimer:
    """A sample is a group of calls between two readings of the counter."""

    def prepare(self, call: Callable[[], object]) -> float:
        self._call = call
        least_s, spent_s, done, calls = float("inf"), 0.0, 0, 1
        while done < FEWEST_CALLS or spent_s < WARM_UP_S:
            elapsed_s = self._timed(calls)
            least_s, spent_s, done = min(least_s, elapsed_s / calls), spent_s + elapsed_s, done + calls
            calls = done  # groups of 1, 1, 2, 4, ...: the counter's own 0.1 us soon does not matter
            if elapsed_s > WARM_UP_S:
                calls = 1
        return least_s

    def slice(self, calls: int, samples: int) -> SliceTiming:
        return SliceTiming(tuple(self._timed(calls) / calls for _ in range(samples)))

    def _timed(self, calls: int) -> float:
        call, repeats = self._call, range(calls)
        start = perf_counter()
        for _ in repeats:
            call()
        return perf_counter() - start


class SetupTimer:
    """For `pedantic(setup=...)`: every sample is one call, with whatever `setup` made for it just before, untimed.

    arguments: makes a call's arguments. teardown: given the same arguments after each call, untimed.
    """

    def __init__(self, arguments: Callable[[], Arguments], teardown: Callable[..., object] | None) -> None:
        self._arguments, self._teardown = arguments, teardown

    def prepare(self, call: Callable[..., object]) -> float:
        self._call = call
        least_s, spent_s, done = float("inf"), 0.0, 0
        while done < FEWEST_CALLS or spent_s < WARM_UP_S:
            start = perf_counter()
            least_s = min(least_s, self._timed())
            spent_s, done = spent_s + perf_counter() - start, done + 1
        self.whole_s = spent_s / done
        """Seconds of one sample with everything around it."""
        return least_s

    def slice(self, calls: int, samples: int) -> SliceTiming:
        if calls != 1:
            raise ValueError(f"{calls} calls a sample were asked for; with a setup before each there is 1")
        return SliceTiming(tuple(self._timed() for _ in range(samples)))

    def _timed(self) -> float:
        args, kwargs = self._arguments()
        call = self._call
        start = perf_counter()
        call(*args, **kwargs)
        elapsed_s = perf_counter() - start
        if self._teardown is not None:
            self._teardown(*args, **kwargs)
        return elapsed_s
