"""How long a run is going to take, said before it begins: an upper estimate from cases, budgets and known costs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from opbench.planning.plan import Task
from opbench.planning.point_time import POINT_S, case_s, size_bytes
from opbench.planning.remaining import Left
from opbench.running.ahead import MOST, Ahead, KnownCosts
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.settings import Settings

START_S = 6.0
"""To start a measuring process: 3 s on a quiet machine, twice that beside others."""

ASKING_S = 1.5
"""Seconds that may be spent on asking operators for their work: whole networks take twenty to answer."""

RELOAD_S = 1.0
"""To prepare what was compiled ahead once more, from its compiler's cache."""


@dataclass(frozen=True)
class Expected:
    """Seconds at most: of `ceilings` that are measured first, of `compiling`, of the `cases` themselves."""

    ceilings_s: float
    compiling_s: float
    cases_s: float
    cases: int

    @property
    def total_s(self) -> float:
        return self.ceilings_s + self.compiling_s + self.cases_s

    def shared(self, devices: int) -> Expected:
        """Of the cases being measured by so many devices at once."""
        return replace(self, cases_s=self.cases_s / devices)

    def __str__(self) -> str:
        parts = [
            ("ceilings", self.ceilings_s),
            ("compiling", self.compiling_s),
            (f"{self.cases} case{'s' * (self.cases != 1)}", self.cases_s),
        ]
        told = ", ".join(f"{name} {minutes(seconds)}" for name, seconds in parts if seconds)
        return f"this will take up to {minutes(self.total_s)}: {told}"


def minutes(seconds: float) -> str:
    """Rounded up to ten seconds: 8 s is "10 s", 184 s "3 min 10 s"."""
    tens = max(1, -(-round(seconds) // 10))
    whole, rest = divmod(tens * 10, 60)
    return " ".join([f"{whole} min"] * (whole > 0) + [f"{rest} s"] * (rest > 0))


def expected(
    left: Left,
    settings: Settings,
    ceilings_s: float = 0.0,
    cores: int | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Expected:
    """Of a run of what is left, by some of its tasks. cores: that compile, this machine's where left out."""
    costs, tasks = KnownCosts(), left.some
    share = left.cases / max(1, sum(len(task.cases) for task in tasks))
    runs = [(task.point, count) for task in tasks if task.skip is None and (count := _running(task, costs))]
    sizes = _sizes_bytes([point for point, _ in runs], now)
    cases_s = sum(POINT_S + count * case_s(size, settings) for (_, count), size in zip(runs, sizes, strict=True))
    shared = Ahead.of(tasks, costs).tasks if left.tasks <= MOST else ()
    compiling_s, again_s = _compiling_s(tasks, shared, cores or os.cpu_count() or 1, costs, share)
    return Expected(ceilings_s, compiling_s, START_S + share * (cases_s + again_s), left.cases)


def _running(task: Task, costs: KnownCosts) -> int:
    return sum(costs(case) is not None for case in task.cases)


def _sizes_bytes(points: Sequence[Point], now: Callable[[], float]) -> list[float]:
    """Of what is checked; the mean of those that were asked for the rest, once asking took ASKING_S."""
    spent_s, found = 0.0, []
    for point in points:
        if spent_s > ASKING_S:
            break
        began = now()
        found.append(size_bytes(point))
        spent_s += now() - began
    return [*found, *[sum(found) / len(found)] * (len(points) - len(found))] if found else []


def _compiling_s(
    tasks: Sequence[Task], shared: Sequence[Task], cores: int, costs: KnownCosts, share: float
) -> tuple[float, float]:
    """Of what is compiled, ahead (`shared`) or not, and of preparing again what was. share: cases for each here."""
    before = [case for task in shared for case in task.cases]
    known, begun = {case.key for case in before}, {case.backend.partition(":")[0] for case in before}
    alone = [case for task in tasks if task.skip is None for case in task.cases if case.key not in known]
    unbegun = [case for case in alone if case.backend.partition(":")[0] not in begun]
    compiling = share * _each_s(alone, costs) + _firsts_s(unbegun, costs)
    if before:
        processes = min(cores, len(shared))
        compiling += START_S + _firsts_s(before, costs) + share * _each_s(before, costs) / processes
    return compiling, sum(min(RELOAD_S, found.each_s) for case in before if (found := costs(case)))


def _firsts_s(cases: Iterable[Case], costs: KnownCosts) -> float:
    """Each backend's first time once, whatever the operator: they share their library or compiler."""
    seconds: dict[str, float] = {}
    for case in cases:
        if found := costs(case):
            seconds[case.backend.partition(":")[0]] = found.first_s
    return sum(seconds.values())


def _each_s(cases: Iterable[Case], costs: KnownCosts) -> float:
    return sum(found.each_s for case in cases if (found := costs(case)))
