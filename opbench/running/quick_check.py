"""A check that needs a clock: is any backend quicker than this machine can be?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from opbench.cli.progress import Reporter
from opbench.errors import MachineError
from opbench.measure.timing.clocks import clock_for
from opbench.planning.plan import Task
from opbench.running.runner import Runner
from opbench.store.runs import Run
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.record import Record
from opbench.vocabulary.settings import Settings

BRIEF_S = 0.1
"""Seconds of samples: a backend that skips work is many times too fast, not a few percent."""


def time_briefly(point: Point, backends: Sequence[str]) -> list[Record]:
    """Return a record per backend, each held against the limit. The point's clock is its device's usual one.

    Raises MachineError where this machine's ceilings are not known.
    """
    point = replace(point, clock=clock_for(point.device))
    task = Task(point, tuple(Case(point, backend) for backend in backends))
    with tempfile.TemporaryDirectory(prefix="opbench-") as folder:
        run = Run(Path(folder))
        runner = Runner(run, point.device, Settings(budget_s=BRIEF_S, count=False), Reporter())
        runner.go([task])
        records = run.records()
    if not runner.knows_limits:
        raise MachineError("--limit needs this machine's ceilings, which are not known: opbench ceilings, a minute")
    return records
