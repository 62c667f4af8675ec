"""Workers as the sequential test needs them: live processes in a run, recorded ones in a replay."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from opbench.gate.stats.reduce import Rounds


class InsufficientMemoryError(Exception):
    """More workers do not fit; says how many would and what is free."""


class Workers(Protocol):
    """Equally many workers of both sides, for as long as they are wanted."""

    def measure(self, benchmark: str, rounds: int, stage: str) -> Rounds:
        """Give every worker that many further slices in lockstep. Raises BenchmarkFailure."""
        ...

    def widen(self, per_side: int) -> None:
        """Let there be that many workers a side, the present ones or new ones. Raises InsufficientMemoryError."""
        ...


StartWorkers = Callable[[int, str], AbstractContextManager[Workers]]
"""start(per_side, stage): fresh workers, that many of each side. Raises InsufficientMemoryError."""
