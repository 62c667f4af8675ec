"""Workers that follow a script instead of a clock: what each benchmark's rounds hold is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opbench.gate.hired import Broken, ShortOfMemoryError
from opbench.gate.rounds import Rounds

Script: TypeAlias = "Callable[[str, int, int], Rounds]"
"""script(stage, rounds, per_side): what those rounds look like. May raise Broken."""


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
        played = steady(ratio)(stage, rounds, per_side)
        slow = np.tile(np.arange(per_side) >= per_side - head, (2, 1)).T
        slow[:, 0] = np.arange(per_side) >= per_side - base
        return Rounds(played.logs + np.log(2) * slow.ravel(), played.head)

    return script


def staged(**scripts: Script) -> Script:
    """Another script for each stage: screen, widen, confirm."""
    return lambda stage, rounds, per_side: scripts[stage](stage, rounds, per_side)


def breaks(kind: str) -> Script:
    def script(stage: str, _rounds: int, _per_side: int) -> Rounds:
        raise Broken("it", kind, f"as planned in {stage}")  # type: ignore[arg-type]  # one of the kinds, by the test

    return script


@dataclass
class ScriptedCompany:
    """`hire` for Trial. played: (stage, benchmark, rounds, per_side) in order. room: most workers a side there are."""

    scripts: Mapping[str, Script]
    room: int = 100
    played: list[tuple[str, str, int, int]] = field(default_factory=list)
    hired: list[tuple[str, int]] = field(default_factory=list)

    @contextmanager
    def hire(self, per_side: int, stage: str) -> Iterator[ScriptedWorkers]:
        if per_side > self.room:
            raise ShortOfMemoryError("a full house")
        self.hired.append((stage, per_side))
        yield ScriptedWorkers(self, per_side)


@dataclass
class ScriptedWorkers:
    company: ScriptedCompany
    per_side: int

    def play(self, benchmark: str, rounds: int, stage: str) -> Rounds:
        self.company.played.append((stage, benchmark, rounds, self.per_side))
        return self.company.scripts[benchmark](stage, rounds, self.per_side)

    def widen(self, per_side: int) -> None:
        if per_side > self.company.room:
            raise ShortOfMemoryError("a full house")
        self.per_side = per_side
