"""A clock whose samples are each led by one call that is not timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opbench.measure.timing.clock import Clock, Timer
from opbench.vocabulary.backend import Launch


class LedClock:
    """Another clock, led: for launches that find the caches and the processors as a rival left them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.name = clock.name
        self.sample_target_s, self.max_calls = clock.sample_target_s, clock.max_calls

    def timer(self, launch: Launch) -> Timer:
        return LedTimer(self._clock.timer(launch))


class LedTimer:
    """Hands all but the leading call on to another timer. It keeps nothing itself: who holds an output is counted."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer

    @property
    def output(self) -> Any:
        return self._timer.output

    @output.setter
    def output(self, output: Any) -> None:
        self._timer.output = output

    @property
    def call(self) -> Callable[[], Any]:
        return self._timer.call

    @property
    def reuses(self) -> bool:
        return self._timer.reuses

    def __call__(self, calls: int) -> float:
        self._timer.output = None
        self._timer.call()
        return self._timer(calls)
