"""Where a run's time goes: seconds of each of its phases, by a clock that is handed in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

REST = "rest"
"""What lies in no phase."""


@dataclass(frozen=True)
class Phase:
    """seconds: without those of phases within it. count: of what it was done to, such as workers or slices."""

    seconds: float = 0.0
    count: int = 0


class Phases:
    """Seconds by phase since it was made, which add up to all the time there was.

    clock: seconds that only grow. With one that reads processors, these are processor seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found = {REST: Phase()}
        self._open = [REST]
        self._since_s = clock()

    @contextmanager
    def phase(self, name: str, count: int = 0) -> Iterator[None]:
        """What happens meanwhile is this phase, as often as it comes, and not the one that it lies in."""
        self._book(0)
        self._open.append(name)
        try:
            yield
        finally:
            self._book(count)
            self._open.pop()

    def so_far(self) -> dict[str, Phase]:
        """By name, in the order in which they were begun."""
        self._book(0)
        return dict(self._found)

    def _book(self, count: int) -> None:
        now_s, name = self._clock(), self._open[-1]
        known = self._found.get(name, Phase())
        self._found[name] = Phase(known.seconds + now_s - self._since_s, known.count + count)
        self._since_s = now_s
