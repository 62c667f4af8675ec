"""How many rounds there are goes by the clock; what is found of the caches is kept before anything goes by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opbench.caches import CacheUse, from_system, known
from opbench.caches.use import SIZES
from opbench.cli.progress import Reporter
from opbench.planning.plan import Task
from opbench.running import ceiling_rounds as rounds
from opbench.running.ceiling_rounds import measure_ceilings, median_cache_use
from opbench.store.journal import Journal
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Failed, Measured, Outcome, Record
from opbench.vocabulary.settings import Settings

from ..ceilings.ceilings_builders import ENVIRONMENT, record, work

MIB = 1 << 20
THREADS = 2
"""As many as the environment has."""

FOUND = CacheUse(21 * MIB, 7 * MIB, 19 * MIB, "measured")


def told(outcome: Outcome) -> Record:
    return Record(
        Case(Point("stores", Axes({"kib": 1})), "compared"), outcome, ENVIRONMENT, "abc", "2026-01-01T00:00:00"
    )


def figures(use: CacheUse) -> Record:
    passed = Check(True, 7, 0, 0.0, 0.0, 0.0, 0.0)
    sizes = {name: float(getattr(use, name)) for name in SIZES}
    return told(Measured(passed, (1.0,), 1, "target", 0.0, 1, 0.0, 0.0, figures=sizes))


class Rounds:
    """A runner whose tasks take so many seconds of a clock of its own, and which finds what it is told to."""

    def __init__(self, caches: Record, seconds: float) -> None:
        self.caches, self.seconds, self.now_s, self.rounds = caches, seconds, 0.0, 0

    def __call__(self, run: Run, *_: Any, **__: Any) -> Rounds:
        self.run = run
        return self

    def go(self, tasks: Iterable[Task], journal: Journal | None = None) -> None:
        if next(iter(tasks)).point.operator == "stores":
            self.run.append([self.caches])
            return
        assert journal is not None, "the rounds share one journal"
        self.now_s += self.seconds
        journal.append(
            [record(work(read=1), 1.0, operator="memory_read", replica=self.rounds, sizes={"working_set_bytes": 7})]
        )
        self.rounds += 1


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(rounds, "ask_external_tools", lambda *_: {})
    (tmp_path / "run").mkdir()
    return Run(tmp_path / "run")


@pytest.mark.parametrize(("seconds", "count"), [(0.5, 5), (8.0, 5), (10.0, 4), (13.0, 3), (21.0, 1), (300.0, 1)])
def test_no_round_begins_that_would_end_too_late(
    seconds: float, count: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Rounds(figures(FOUND), seconds)
    monkeypatch.setattr(rounds, "Runner", scripted)
    found = measure_ceilings(run, ENVIRONMENT, Settings(), Reporter(), now=lambda: scripted.now_s)
    assert scripted.rounds == count
    assert found.seconds == count * seconds


def test_what_is_measured_of_the_caches_is_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = Rounds(figures(FOUND), 1.0)
    monkeypatch.setattr(rounds, "Runner", scripted)
    measure_ceilings(run, ENVIRONMENT, Settings(), Reporter(), now=lambda: scripted.now_s)
    assert known(THREADS) == FOUND


def test_where_nothing_compares_the_caches_the_rest_is_measured(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = Rounds(told(Failed("prepare", "no compiler")), 1.0)
    monkeypatch.setattr(rounds, "Runner", scripted)
    assert measure_ceilings(run, ENVIRONMENT, Settings(), Reporter(), now=lambda: scripted.now_s).bandwidth["read"]
    assert known(THREADS) == from_system(THREADS)


def test_the_middle_of_the_records_is_what_counts() -> None:
    several = [replace(FOUND, cache_bytes=size * MIB) for size in (61, 3, 17)]
    assert median_cache_use([*map(figures, several), told(Failed("prepare", "no"))]) == replace(
        FOUND, cache_bytes=17 * MIB
    )


def test_impossible_figures_are_left_out() -> None:
    assert median_cache_use([figures(replace(FOUND, cache_bytes=0))]) is None
    assert median_cache_use([]) is None
