"""Months of daily runs made of recorded workers, and a gate that replays the same recordings.

A day is some workers of a recording, each at the same few rounds in a row: its point is what these would have told. How
days differ besides, the recordings, which last minutes, do not say; `KINDS` adds it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.history.synthetic import correlated, white
from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.files.recording import Recording
from opbench.gate.files.replay import replay_workers
from opbench.gate.pool.dry_run import DryRun
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.runs.options import GateOptions
from opbench.gate.samples import SIDES
from opbench.gate.stats.rule import Rule
from opbench.history.commits import DIGITS
from opbench.history.row import HistoryRow
from tests.gate.replaying import recordings, with_slower_head
from tests.opbench.history.builders import BEGIN, ROW

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

DAYS, MONTH = 90, 30
"""Days of a line, and the last of them that are the month."""

ROUNDS = 4
"""Rounds of a day, in which all its workers run."""

MACHINE_STEP = 0.05
"""By which the machine gets slower in the middle of a month of that kind, and nothing says so."""


def as_recorded(_draw: np.random.Generator) -> Values:
    return np.zeros(DAYS)


def noisy(draw: np.random.Generator) -> Values:
    return white(draw, DAYS)


def wandering(draw: np.random.Generator) -> Values:
    return correlated(draw, DAYS, 0.9)


def slower_machine(draw: np.random.Generator) -> Values:
    days = white(draw, DAYS)
    days[DAYS - MONTH // 2 :] += np.log1p(MACHINE_STEP)
    return days


KINDS: dict[str, Callable[[np.random.Generator], Values]] = {
    "as recorded": as_recorded,
    "days differ by 2 %": noisy,
    "days wander by 2 %": wandering,
    "machine 5 % slower": slower_machine,
}
"""Logarithms by which the days of all kernels of a machine differ, besides what was recorded."""


@dataclass(frozen=True)
class Month:
    """A machine's lines up to the end of a month, one a kernel. step: of the code, from day `at` on; 0 for none."""

    condition: str
    kind: str
    seed: int
    processes: int = 1
    step: float = 0.0
    at: int = DAYS

    def rows(self) -> Iterator[HistoryRow]:
        draw = np.random.default_rng([self.seed, sum(map(ord, self.condition + self.kind)), round(1000 * self.step)])
        days = KINDS[self.kind](draw)
        for tape in recordings(self.condition):
            rounds, workers = tape.logs.shape
            for day in range(DAYS):
                first = int(draw.integers(rounds - ROUNDS + 1))
                slower = days[day] + (np.log1p(self.step) if day >= self.at else 0.0)
                for process, worker in enumerate(draw.choice(workers, self.processes, replace=False)):
                    log = np.median(tape.logs[first : first + ROUNDS, worker]) + slower
                    yield _row(case_of(tape), day, process, float(np.exp(log)))

    def is_slow(self, commit: str) -> bool:
        return int(commit[:DIGITS], 16) >= self.at


def case_of(tape: Recording) -> str:
    return f"bench/test_kernels.py::test_it[{tape.benchmark}]"


def _row(case: str, day: int, process: int, seconds: float) -> HistoryRow:
    return replace(
        ROW,
        source="gate",
        case=case,
        operator=case,
        facts='{"cpu": "recorded"}',
        commit=f"{day:012x}",
        started=BEGIN + timedelta(days=day),
        run=f"gate/{day}",
        process=process,
        median_s=seconds,
        low_s=seconds,
        high_s=seconds,
    )


@dataclass
class ReplayedGate:
    """The decision of a live run, on recorded workers of the same code dealt anew; slower where the month's code is.

    runs: how many there were.
    """

    month: Month
    draw: random.Random
    runs: int = field(default=0)

    def __call__(self, options: GateOptions, rule: Rule) -> tuple[LiveRun, Path]:
        assert options.base is not None
        assert options.head is not None
        self.runs += 1
        slower = self.month.is_slow(options.head) - self.month.is_slow(options.base)
        tapes = {case: self._dealt(case, (1 + self.month.step) ** slower) for case in options.paths}
        judgements = SequentialTest(replay_workers(tapes, self.draw), rule).run(list(tapes))
        dry = {side: DryRun(environment={"cpu": "recorded"}) for side in SIDES}
        return LiveRun(judgements, [], dry, rule), Path("replayed")

    def _dealt(self, case: str, factor: float) -> Recording:
        dealt = tapes_by_case(self.month.condition)[case].with_random_sides(self.draw)
        return with_slower_head(dealt, factor) if factor != 1 else dealt


@lru_cache(maxsize=8)
def tapes_by_case(condition: str) -> Mapping[str, Recording]:
    return {case_of(tape): tape for tape in recordings(condition)}


def slow_day(seed: int) -> int:
    """From when on the code is slow: somewhere in the month, with ten points after it."""
    return range(DAYS - MONTH + 5, DAYS - 9)[seed % (MONTH - 14)]
