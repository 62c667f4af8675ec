"""What a step coincides with: a change of the environment, controls that moved too, or nothing that is known here.

A control is a case that the code under test has no part in, such as a loop over memory: what moves it is the machine.
Nothing here says `code`: that a commit is to blame is shown by `opbench gate`, old and new taking turns, and not by a
line over weeks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

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
        return names[places[self.step.first - 1]], names[places[self.step.at]], names[places[self.step.last]]


Span = tuple[int, int, bool]
"""Of commits, the first and the last that may be the first after a step; and whether it is slower after it."""


def movements(every: Sequence[Series], controls: Collection[str] = ()) -> list[Movement]:
    """All steps of all series, those of one series from the left. controls: names of operators."""
    of_controls: dict[str, list[Span]] = {}
    of_machines: dict[str, list[Span]] = {}
    of_cases: dict[str, dict[str, list[Span]]] = {}
    for series in every:
        spans = [_span(series, step) for step in series.steps]
        of_machines.setdefault(series.machine, []).extend(spans)
        of_cases.setdefault(series.case, {})[series.machine] = spans
        if series.operator in controls:
            of_controls.setdefault(series.machine, []).extend(spans)
    watched = {series.machine for series in every if series.operator in controls}
    counts = _counts(every)
    return [
        Movement(series, step, cause, (*why, *_elsewhere(series, step, of_cases[series.case])))
        for series in every
        for step in series.steps
        for cause, why in [
            _cause(series, step, of_controls.get(series.machine), series.machine in watched, of_machines, counts)
        ]
    ]


def _cause(
    series: Series,
    step: ChangePoint,
    controls: list[Span] | None,
    watched: bool,
    of_machines: dict[str, list[Span]],
    counts: dict[str, int],
) -> tuple[Cause, list[str]]:
    span = _span(series, step)
    alike = sum(_meets(span, other) for other in of_machines[series.machine])
    why = [f"{alike} of {counts[series.machine]} cases of this machine stepped the same way there"]
    changed = [what for at, what in series.environment_changes() if step.first <= at <= step.last]
    if changed:
        return Cause.ENVIRONMENT, [f"the environment changed there: {'; '.join(changed[0])}", *why]
    if any(_meets(span, other) for other in controls or ()):
        return Cause.HARDWARE, ["controls of this machine moved there too, and the environment is as it was", *why]
    if watched:
        why.append("the controls of this machine did not move")
    return Cause.UNCONFIRMED, why


def _counts(every: Iterable[Series]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for series in every:
        counts[series.machine] = counts.get(series.machine, 0) + 1
    return counts


def _elsewhere(series: Series, step: ChangePoint, of_case: dict[str, list[Span]]) -> list[str]:
    """What the same case did on other machines at these commits."""
    span = _span(series, step)
    others = {machine: spans for machine, spans in of_case.items() if machine != series.machine}
    moved = sorted(machine for machine, spans in others.items() if any(_meets(span, other) for other in spans))
    still = sorted(others.keys() - set(moved))
    told = [f"stepped the same way on {', '.join(moved)}"] if moved else []
    return told + ([f"did not on {', '.join(still)}"] if still else [])


def _span(series: Series, step: ChangePoint) -> Span:
    return int(series.commit[step.first - 1]) + 1, int(series.commit[step.last]), step.ratio.mid > 1


def _meets(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1] and one[2] == other[2]
