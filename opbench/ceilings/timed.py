"""A check that needs a clock: is any backend quicker than this machine can be?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from opbench import catalog
from opbench.case import Case, Point
from opbench.errors import MachineError
from opbench.progress import Silent
from opbench.run import Runner, Task
from opbench.settings import Settings
from opbench.store import Run
from opbench.timing.clocks import clock_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opbench.record import Record

BRIEF_S = 0.1
"""Seconds of samples: a backend that skips work is many times too fast, not a few percent."""


def timed(
    operator: str, axes: Mapping[str, int], backends: Sequence[str], dtype: str, mode: str, device: str
) -> list[Record]:
    """A record per backend at one point, each held against the limit; axes left out take the operator's defaults.

    Check points are too small for it: there everything is bound by the launch.
    Raises MachineError where this machine's ceilings are not known.
    """
    point = Point(operator, catalog.operator(operator).complete(axes), dtype, device, mode, clock_for(device))
    task = Task(point, tuple(Case(point, backend) for backend in backends))
    with tempfile.TemporaryDirectory(prefix="opbench-") as folder:
        run = Run(Path(folder))
        runner = Runner(run, device, Settings(budget_s=BRIEF_S, count=False), Silent())
        runner.go([task])
        records = run.records()
    if not runner.knows_limits:
        raise MachineError("--limit needs this machine's ceilings, which are not known: opbench ceilings, a minute")
    return records
