"""Workers that follow a script instead of a clock: what each benchmark's rounds hold is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opbench.gate.decision.failures import BenchmarkFailure
from opbench.gate.decision.workers import InsufficientMemoryError
from opbench.gate.stats.reduce import Rounds

Script: TypeAlias = "Callable[[str, int, int], Rounds]"
"""script(stage, rounds, per_side): what those rounds look like. May raise BenchmarkFailure."""


def sides(per_side: int) -> NDArray[np.bool_]:
    return np.tile([False, True], per_side)


def steady(ratio: float = 1.0, spread: float = 0.001) -> Script:
    """Head slower by `ratio`; workers of a side evenly spread over +-2 spreads; rounds alike."""

    def script(_stage: str, rounds: int, per_side: int) -> Rounds:
        head = sides(per_side)
        values = np.repeat(np.linspace(-2 * spread, 2 * spread, per_side), 2) + np.where(head, np.log(ratio), 0.0)
        return Rounds(np.tile(values, (rounds, 1)), head)

    return script


def uneven(base: int, head: int, ratio: float = 1.0) -> Script:
    """The same, where the last so many of either side are twice as slow as the rest of it."""

    def script(stage: str, rounds: int, per_side: int) -> Rounds:
        measured = steady(ratio)(stage, rounds, per_side)
        slow = np.tile(np.arange(per_side) >= per_side - head, (2, 1)).T
        slow[:, 0] = np.arange(per_side) >= per_side - base
        return Rounds(measured.logs + np.log(2) * slow.ravel(), measured.head)

    return script


def staged(**scripts: Script) -> Script:
    """Another script for each stage: screen, widen, confirm."""
    return lambda stage, rounds, per_side: scripts[stage](stage, rounds, per_side)


def fails(kind: str) -> Script:
    def script(stage: str, _rounds: int, _per_side: int) -> Rounds:
        raise BenchmarkFailure("it", kind, f"as planned in {stage}")  # type: ignore[arg-type]  # one of the kinds, by the test

    return script


@dataclass
class ScriptedFactory:
    """`start` for the sequential test.

    room: most workers a side there are.
    measured: (stage, benchmark, rounds, per_side) in order.
    started: (stage, per_side) in order.
    """

    scripts: Mapping[str, Script]
    room: int = 100
    measured: list[tuple[str, str, int, int]] = field(default_factory=list)
    started: list[tuple[str, int]] = field(default_factory=list)

    @contextmanager
    def start(self, per_side: int, stage: str) -> Iterator[ScriptedWorkers]:
        if per_side > self.room:
            raise InsufficientMemoryError("a full house")
        self.started.append((stage, per_side))
        yield ScriptedWorkers(self, per_side)


@dataclass
class ScriptedWorkers:
    factory: ScriptedFactory
    per_side: int

    def measure(self, benchmark: str, rounds: int, stage: str) -> Rounds:
        self.factory.measured.append((stage, benchmark, rounds, self.per_side))
        return self.factory.scripts[benchmark](stage, rounds, self.per_side)

    def widen(self, per_side: int) -> None:
        if per_side > self.factory.room:
            raise InsufficientMemoryError("a full house")
        self.per_side = per_side
