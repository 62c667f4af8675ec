"""What times the slices of one benchmark: a warm-up that tells how long a call takes, then slices as asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Measured(NamedTuple):
    """samples_s: seconds per call, one figure a sample. clock_hz: the device's frequency meanwhile, None if unknown."""

    samples_s: tuple[float, ...]
    clock_hz: float | None = None


class Slices(Protocol):
    """One benchmark in one worker, on one kind of device."""

    def prepare(self, call: Callable[[], object]) -> float:
        """Take `call` as what is timed from now on, and warm it up. Seconds that a call takes, roughly."""
        ...

    def slice(self, calls: int, samples: int) -> Measured:
        """`samples` samples back to back, each of `calls` calls. Whatever the call raises is passed on."""
        ...
