"""Callables checked at every point and not timed: for a quick look, and for test runs that measure nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opbench import catalog
from opbench.custom.this_process import as_it_was
from opbench.measure.point import PointMeasurement
from opbench.measure.worker import operator_outcome
from opbench.process.environment import describe, revision, set_up
from opbench.vocabulary.record import NOT_TIMED, Check, Record, Unavailable

if TYPE_CHECKING:
    from opbench.planning.plan import Task
    from opbench.vocabulary.settings import Settings


def check(tasks: Iterable[Task], device: str, settings: Settings) -> list[Record]:
    """A record a case, in this process: of one that is right Unavailable with NOT_TIMED, else what it came to.

    Raises MachineError where the device is not here.
    """
    with as_it_was():
        set_up(device, settings.threads)
        environment, code = describe(device), revision()
        return [record for task in tasks for record in _checked(task, settings, environment, code)]


def _checked(task: Task, settings: Settings, environment: dict[str, object], code: str) -> list[Record]:
    began = datetime.now(UTC).isoformat(timespec="seconds")
    operator = catalog.operator(task.point.operator)
    measurement = PointMeasurement(task.point, task.cases, settings, lambda *_: None)
    try:
        verdicts = measurement.verify(operator)
    except Exception as exc:  # noqa: BLE001  (as in a measuring process: the operator itself failed)
        told = operator_outcome(exc)
        verdicts = {case.label: measurement.outcomes.get(case.label, told) for case in task.cases}
    outcomes = {
        label: Unavailable(NOT_TIMED) if isinstance(verdict, Check) else verdict for label, verdict in verdicts.items()
    }
    return [Record(case, outcomes[case.label], environment, code, began) for case in task.cases]
