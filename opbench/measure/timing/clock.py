"""What the sampling loop needs of a clock; one per file of this folder, and a scripted one in the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from opbench.vocabulary.backend import Launch


class Timer(Protocol):
    """Times that many calls of one launch as one sample and returns seconds per call.

    call: one call as it is timed, a graph's replay where that is. output: what the last one of the last sample
    returned, let go of when the next sample begins. reuses: whether the clock itself has every call write to the same
    memory.
    """

    output: Any

    @property
    def call(self) -> Callable[[], Any]: ...

    @property
    def reuses(self) -> bool: ...

    def __call__(self, calls: int) -> float: ...


class ClockError(Exception):
    """The clock cannot vouch for a sample, such as work that ran on a stream it does not watch."""


class Clock(Protocol):
    """One way to time a launch.

    name: what a Point's `clock` says, cache state included: `wall`, `cuda_events:cold`.
    sample_target_s: how long one sample should last to stand far above the clock's resolution.
    max_calls: the most calls one sample may group; 1 for clocks that time every call on its own.
    """

    name: str
    sample_target_s: float
    max_calls: int

    def timer(self, launch: Launch) -> Timer:
        """Prepare to time `launch` (capture a graph, say). Raises ClockError where this clock cannot."""
        ...
