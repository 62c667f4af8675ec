"""Measuring the ceilings: the sweep of that name, in rounds, each in a process and memory of its own.

A process keeps its physical pages, and a shared machine its state for seconds, so what one process says in one moment
is no ceiling. Rounds make both vary, and their spread is part of the answer. How many there are goes by the clock: a
machine that takes longer gets fewer.

What the threads have of the caches is measured first and kept, because everything else goes by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opbench import catalog
from opbench.caches import CacheUse, keep, known
from opbench.caches.fitting import middle
from opbench.caches.use import SIZES
from opbench.case import Case
from opbench.ceilings.deriving import ceilings_of
from opbench.ceilings.levels import levels, working_sets_kib
from opbench.ceilings.opinions import better, opinions
from opbench.plan import Task, plan
from opbench.record import Measured
from opbench.run import Runner
from opbench.sweep import Narrowing
from opbench.timing.clocks import clock_for

if TYPE_CHECKING:
    from opbench.ceilings.ceiling import Ceilings
    from opbench.progress import Reporter
    from opbench.record import Record
    from opbench.settings import Settings
    from opbench.store import Run

SWEEP = "ceilings"

ROUNDS = 5
"""Six to eight seconds each on two cores of an EPYC 9004 and of a Xeon (family 6, model 207)."""

LIMIT_S = 40.0
"""No round begins that would probably end later: with another tool's opinion, that is under a minute."""

ASK_EVERY = 4

CACHES = "caches"


def tasks_for(
    environment: Mapping[str, Any], sizes_kib: tuple[int, ...] = (), use: CacheUse | None = None
) -> list[Task]:
    """Every ceiling of a device, at these working sets or else at some that suit its memory levels."""
    device = environment["device"]
    sizes = sizes_kib or working_sets_kib(levels(environment, use=use), environment.get("memory_bytes"))
    question = catalog.sweep(SWEEP).narrowed(Narrowing(axes={"kib": sizes}))
    return list(plan(question, device, clock_for(device)))


def measured(
    run: Run,
    environment: Mapping[str, Any],
    settings: Settings,
    shown: Reporter,
    now: Callable[[], float] = time.monotonic,
) -> Ceilings:
    """Measure in rounds, every sample kept in `run`. `environment` is of a measuring process on that device.

    Raises MachineError when the device is not there or nothing could be measured.
    """
    began = now()
    use = caches_measured(run, environment, settings, shown) if environment["device"] == "cpu" else None
    tasks = tasks_for(environment, use=use)
    size_bytes = max(task.point.axes.get("kib", 0) for task in tasks) << 10
    said: dict[str, float] = {}
    with run.journal() as journal:
        for number in range(ROUNDS):
            round_began = now()
            shown.note(f"round {number + 1} of {ROUNDS} at most")
            runner = Runner(run, environment["device"], settings, shown, hold=False)
            runner.go([_of_round(task, number) for task in tasks], journal)
            ended = now()
            if number % ASK_EVERY == 0:
                said = better(said, opinions(environment, size_bytes))
            if ended + (ended - round_began) - began > LIMIT_S:
                break
    return replace(ceilings_of(run.records(), use), seconds=now() - began, opinions=said)


def caches_measured(run: Run, environment: Mapping[str, Any], settings: Settings, shown: Reporter) -> CacheUse:
    """What the threads have of the caches: the middle of several answers, kept; what is known where there is none."""
    question = catalog.sweep(CACHES)
    Runner(run, "cpu", settings, shown, hold=False).go(plan(question, "cpu", clock_for("cpu")))
    found = cache_use_of(run.records())
    if found is None:
        return known(environment["threads"])
    if note := keep(found, environment["threads"]):
        shown.note(note)
    return found


def cache_use_of(records: Sequence[Record]) -> CacheUse | None:
    """The middle of what the records' figures say of the caches; None where none says anything."""
    told = [one.outcome.figures for one in records if isinstance(one.outcome, Measured)]
    sizes = [{name: int(figures[name]) for name in SIZES} for figures in told if SIZES[0] in figures]
    several = [one for values in sizes if (one := CacheUse.measured(values)).possible]
    return middle(several) if several else None


def _of_round(task: Task, number: int) -> Task:
    return replace(task, cases=tuple(Case(task.point, case.backend, number) for case in task.cases))
