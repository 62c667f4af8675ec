"""Which backends of a point are measured at all: those that take it and can run here."""

from __future__ import annotations

from dataclasses import dataclass

from opbench import catalog
from opbench.errors import describe_exception
from opbench.measure.tamper_guard import Guard, Tampered
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.case import Case
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Failed, Unavailable


@dataclass(frozen=True)
class Admitted:
    """A backend that takes the point. schedule: the one it is asked for, "" for its own choice."""

    backend: Backend
    schedule: str


def admit(operator: Operator, case: Case, guard: Guard, *, timed: bool) -> Admitted | Unavailable | Failed:
    """The case's backend, or the outcome that says why it is not tried.

    timed: whether it is to be timed; a simulated backend is checked only, its times would mean nothing.
    """
    found, point = catalog.backend(operator.name, case.backend), case.point
    try:
        guard.check()
    except Tampered as exc:
        return Failed("import", describe_exception(exc))
    if isinstance(found, Unavailable):
        return found
    if point.dtype not in operator.tolerances:
        return Unavailable(f"{operator.name} takes {', '.join(operator.tolerances)}, not {point.dtype}")
    if (reason := found.refusal(point)) is not None:
        return Unavailable(reason)
    if timed and found.simulated(point.device):
        return Unavailable(f"simulated ({found.simulated_by}): checked, never timed")
    return Admitted(found, case.backend.partition(":")[2])
