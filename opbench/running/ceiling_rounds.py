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
from typing import Any

from opbench import catalog
from opbench.caches import CacheUse, keep, known
from opbench.caches.fitting import middle
from opbench.caches.use import SIZES
from opbench.ceilings.ceiling import Ceilings
from opbench.ceilings.estimation import estimate_ceilings
from opbench.ceilings.external_tools import ask_external_tools, best_answers
from opbench.ceilings.tasks import ceiling_tasks
from opbench.cli.progress import Reporter
from opbench.measure.timing.clocks import clock_for
from opbench.planning.plan import Task, plan
from opbench.running.runner import Runner
from opbench.store.runs import Run
from opbench.vocabulary.case import Case
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.settings import Settings

MAX_ROUNDS = 5
"""Six to eight seconds each on two cores of an EPYC 9004 and of a Xeon (family 6, model 207)."""

LIMIT_S = 40.0
"""No round begins that would probably end later: with another tool's opinion, that is under a minute."""

ASK_EVERY = 4
"""Rounds from one asking of other tools to the next."""

CACHES_SWEEP = "caches"


def measure_ceilings(
    run: Run,
    environment: Mapping[str, Any],
    settings: Settings,
    reporter: Reporter,
    now: Callable[[], float] = time.monotonic,
) -> Ceilings:
    """Measure in rounds, every sample kept in `run`.

    environment: of a measuring process on that device.
    now: the clock, in seconds, by which further rounds are begun or not.
    Raises MachineError when the device is not there or nothing could be measured.
    """
    start_s = now()
    use = measure_caches(run, environment, settings, reporter) if environment["device"] == "cpu" else None
    tasks = ceiling_tasks(environment, use=use)
    largest_bytes = max(task.point.axes.get("kib", 0) for task in tasks) << 10
    answers: dict[str, float] = {}
    with run.journal() as journal:
        for number in range(MAX_ROUNDS):
            round_start_s = now()
            reporter.note(f"round {number + 1} of {MAX_ROUNDS} at most")
            runner = Runner(run, environment["device"], settings, reporter, hold=False)
            runner.go([_round_task(task, number) for task in tasks], journal)
            round_end_s = now()
            if number % ASK_EVERY == 0:
                answers = best_answers(answers, ask_external_tools(environment, largest_bytes))
            if round_end_s + (round_end_s - round_start_s) - start_s > LIMIT_S:
                break
    return replace(estimate_ceilings(run.records(), use), seconds=now() - start_s, opinions=answers)


def measure_caches(run: Run, environment: Mapping[str, Any], settings: Settings, reporter: Reporter) -> CacheUse:
    """Measure what the threads have of the caches and keep it; return what is known where nothing is found."""
    tasks = plan(catalog.sweep(CACHES_SWEEP), "cpu", clock_for("cpu"))
    Runner(run, "cpu", settings, reporter, hold=False).go(tasks)
    use = median_cache_use(run.records())
    if use is None:
        return known(environment["threads"])
    if note := keep(use, environment["threads"]):
        reporter.note(note)
    return use


def median_cache_use(records: Sequence[Record]) -> CacheUse | None:
    """Return the middle of what the records' figures say of the caches; None where none says anything possible."""
    figures = [record.outcome.figures for record in records if isinstance(record.outcome, Measured)]
    uses = [CacheUse.measured({name: int(each[name]) for name in SIZES}) for each in figures if SIZES[0] in each]
    possible = [use for use in uses if use.possible]
    return middle(possible) if possible else None


def _round_task(task: Task, number: int) -> Task:
    return replace(task, cases=tuple(Case(task.point, case.backend, number) for case in task.cases))
