"""Measuring the ceilings: the sweep of that name, in rounds, each in a process and memory of its own.

A process keeps its physical pages, and a shared machine its state for seconds, so what one process says in one moment
is no ceiling. Rounds make both vary, and their spread is part of the answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opbench import catalog
from opbench.case import Case
from opbench.ceilings.deriving import ceilings_of
from opbench.ceilings.levels import levels, working_sets_kib
from opbench.ceilings.opinions import better, opinions
from opbench.run import Runner, Task, plan
from opbench.sweep import Narrowing
from opbench.timing.clocks import clock_for

if TYPE_CHECKING:
    from opbench.ceilings.ceiling import Ceilings
    from opbench.progress import Reporter
    from opbench.settings import Settings
    from opbench.store import Run

SWEEP = "ceilings"

ROUNDS = 5
"""Eight seconds each on two cores; with another tool's opinion, four seconds each time, that is under a minute."""

ASK_EVERY = 4


def tasks_for(environment: Mapping[str, Any], sizes_kib: tuple[int, ...] = ()) -> list[Task]:
    """Every ceiling of a device, at these working sets or else at some that suit its memory levels."""
    device = environment["device"]
    sizes = sizes_kib or working_sets_kib(levels(environment))
    question = catalog.sweep(SWEEP).narrowed(Narrowing(axes={"kib": sizes}))
    return plan(question, device, clock_for(device))


def measured(run: Run, environment: Mapping[str, Any], settings: Settings, shown: Reporter) -> Ceilings:
    """Measure in ROUNDS, every sample kept in `run`. `environment` is of a measuring process on that device.

    Raises MachineError when the device is not there or nothing could be measured.
    """
    began = time.monotonic()
    tasks = tasks_for(environment)
    size_bytes = max(task.point.axes.get("kib", 0) for task in tasks) << 10
    said: dict[str, float] = {}
    for number in range(ROUNDS):
        shown.note(f"round {number + 1} of {ROUNDS}")
        Runner(run, environment["device"], settings, shown, hold=False).go([_of_round(task, number) for task in tasks])
        if number % ASK_EVERY == 0:
            said = better(said, opinions(environment, size_bytes))
    return replace(ceilings_of(run.records()), seconds=time.monotonic() - began, opinions=said)


def _of_round(task: Task, number: int) -> Task:
    return replace(task, cases=tuple(Case(task.point, case.backend, number) for case in task.cases))
