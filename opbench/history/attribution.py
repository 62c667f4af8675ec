"""What a step coincides with: a change of the environment, controls that moved too, or nothing that is known here.

A control is a case that the code under test has no part in, such as a loop over memory: what moves it is the machine.
Nothing here says `code`: that a commit is to blame is shown by `opbench gate`, old and new taking turns, and not by a
line over weeks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from opbench.errors import unknown
from opbench.history.change_points import ChangePoint
from opbench.history.series import Series


class Cause(StrEnum):
    """`UNCONFIRMED`: the code, or noise; the gate can tell."""

    ENVIRONMENT = "environment"
    HARDWARE = "hardware"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class Movement:
    """A step of a series. evidence: sentences, what speaks for the cause and what the other machines say."""

    series: Series
    step: ChangePoint
    cause: Cause
    evidence: tuple[str, ...]

    @property
    def commits(self) -> tuple[str, str, str]:
        """The last that was surely before the step, the likeliest first after it, and the last that may be that."""
        names, places = self.series.shared.commits, self.series.commit
        return names[places[self.step.before]], names[places[self.step.at]], names[places[self.step.last]]


Span = tuple[int, int, bool]
"""Of commits, the first and the last that may be the first after a step; and whether it is slower after it."""

OfSeries = list[tuple[Series, list[Span]]]
"""The series of one machine, or of one case, each with the spans of its steps."""


def require_controls(every: Iterable[Series], names: Iterable[str]) -> None:
    """Raises UsageError for a control, the name of an operator, that no series is of."""
    operators = sorted({series.operator for series in every})
    for name in names:
        if name not in operators:
            raise unknown("control", name, operators)


def movements(every: Sequence[Series], controls: Collection[str] = ()) -> list[Movement]:
    """All steps of all series, those of one series from the left. controls: names of operators."""
    of_machines: dict[str, OfSeries] = {}
    of_cases: dict[str, OfSeries] = {}
    for series in every:
        told = series, [span_of(series, step) for step in series.steps]
        of_machines.setdefault(series.machine, []).append(told)
        of_cases.setdefault(series.case, []).append(told)
    watching = {
        machine: [told for told in beside if told[0].operator in controls] for machine, beside in of_machines.items()
    }
    return [
        Movement(series, step, cause, (*why, *_elsewhere(series, step, of_cases[series.case])))
        for series in every
        for step in series.steps
        for cause, why in [_cause(series, step, watching[series.machine], of_machines[series.machine])]
    ]


def _cause(series: Series, step: ChangePoint, controls: OfSeries, beside: OfSeries) -> tuple[Cause, list[str]]:
    """controls, beside: those of its machine. A control says nothing of itself."""
    here = span_of(series, step)
    alike = sum(any_meets(here, spans) for _, spans in beside)
    why = [f"{alike} of {len(beside)} cases of this machine stepped the same way there"]
    changed = [what for at, what in series.environment_changes() if step.before < at <= step.last]
    if changed:
        return Cause.ENVIRONMENT, [f"the environment changed there: {'; '.join(changed[0])}", *why]
    others = [spans for control, spans in controls if control is not series]
    if any(any_meets(here, spans) for spans in others):
        return Cause.HARDWARE, ["controls of this machine moved there too, and the environment is as it was", *why]
    if others:
        why.append("the controls of this machine did not move")
    return Cause.UNCONFIRMED, why


def _elsewhere(series: Series, step: ChangePoint, of_case: OfSeries) -> list[str]:
    """What the same case did on other machines at these commits."""
    here = span_of(series, step)
    others = {other.machine: spans for other, spans in of_case if other.machine != series.machine}
    moved = sorted(machine for machine, spans in others.items() if any_meets(here, spans))
    still = sorted(others.keys() - set(moved))
    told = [f"stepped the same way on {', '.join(moved)}"] if moved else []
    return told + ([f"did not on {', '.join(still)}"] if still else [])


def span_of(series: Series, step: ChangePoint) -> Span:
    """Where a step lies: the commits after the last one before it; of a step between two environments of one commit,
    that commit.
    """
    last = int(series.commit[step.last])
    return min(int(series.commit[step.before]) + 1, last), last, step.ratio.mid > 1


def any_meets(one: Span, others: Iterable[Span]) -> bool:
    """Whether one of the others went the same way at some of these commits."""
    return any(one[0] <= other[1] and other[0] <= one[1] and one[2] == other[2] for other in others)
