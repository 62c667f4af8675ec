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

    def timer(self, launch: Launch) -> LedTimer:
        return LedTimer(self._clock.timer(launch))


class LedTimer:
    """Hands all but the leading call on to another timer. It keeps nothing itself: who holds an output is counted."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._is_led = False

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

    def lead(self) -> None:
        """The call that leads the next sample, where somebody wants it apart from what is timed."""
        self._timer.output = None
        self._timer.call()
        self._is_led = True

    def __call__(self, calls: int) -> float:
        if not self._is_led:
            self.lead()
        self._is_led = False
        return self._timer(calls)
