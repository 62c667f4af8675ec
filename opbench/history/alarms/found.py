"""From the lines of a history to its alarms: recent steps, each with its class as far as the history tells it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from opbench.errors import unknown
from opbench.gate.runs.options import GateOptions
from opbench.history.alarms.alarm import Alarm, Kind
from opbench.history.alarms.ends import Ancestor, ends
from opbench.history.alarms.ratios import Compared, backends, compared
from opbench.history.alarms.recent import is_recent
from opbench.history.attribution import Cause, Movement, any_meets, movements, span_of
from opbench.history.change_points import ChangePoint
from opbench.history.commits import Commits
from opbench.history.confirming.environment_question import compare_command
from opbench.history.confirming.question import (
    Measuring,
    between,
    circumstances,
    command,
    question,
    sort_of,
    tolerance_for,
)
from opbench.history.series import Series


@dataclass(frozen=True)
class Looking:
    """What is looked for.

    first: the place of the first commit that counts. controls, baseline: names of operators, and of a backend.
    commits, ancestor: of the repository, to know what can be measured again; empty where none is at hand.
    """

    first: int
    controls: Collection[str] = ()
    baseline: str = ""
    commits: Commits = field(default_factory=Commits)
    ancestor: Ancestor = lambda _old, _new: True
    measuring: Measuring = field(default_factory=Measuring)


def alarms(every: Sequence[Series], looking: Looking) -> list[Alarm]:
    """The newest first. Raises UsageError for a baseline that no series is of."""
    moved = movements(every, looking.controls)
    found = [_of_movement(one, looking) for one in moved if is_recent(one.series, one.step, looking.first)]
    if looking.baseline:
        pairs = list(compared(every, looking.baseline))
        if not pairs:
            raise unknown("baseline", looking.baseline, backends(every))
        found += [one for pair in pairs for one in _of_ratio(pair, moved, looking)]
    return sorted(found, key=lambda one: (-int(one.series.commit[one.step.at]), one.case, one.series.machine))


def _of_movement(moved: Movement, looking: Looking) -> Alarm:
    return _measurable(Alarm(moved.series, moved.step, moved.commits, Kind(moved.cause.value), moved.evidence), looking)


def _of_ratio(pair: Compared, moved: Sequence[Movement], looking: Looking) -> Iterator[Alarm]:
    """Steps of the ratio that the case's own line does not have, or not so."""
    own = [span_of(pair.case, one) for one in pair.case.steps]
    for step in pair.ratio.steps:
        if not is_recent(pair.ratio, step, looking.first):
            continue
        if not pair.is_own(step):
            kind, why = Kind.BASELINE, _baseline_moved(pair, step, moved)
        elif not any_meets(span_of(pair.ratio, step), own):
            kind, why = Kind.UNCONFIRMED, [f"seen only beside {pair.baseline.case}: what moves both hides it alone"]
        else:
            continue  # the alarm of the case's own line says it
        names, places = pair.ratio.shared.commits, pair.ratio.commit
        commits = (names[places[step.before]], names[places[step.at]], names[places[step.last]])
        yield _measurable(Alarm(pair.ratio, step, commits, kind, tuple(why), beside=pair.baseline.case), looking)


def _baseline_moved(pair: Compared, step: ChangePoint, moved: Sequence[Movement]) -> list[str]:
    case, baseline = (f"{100 * (factor - 1):+.1f} %" for factor in pair.moves(step))
    here = span_of(pair.ratio, step)[:2]
    causes = [
        sentence
        for one in moved
        if one.series is pair.baseline
        and one.cause is not Cause.UNCONFIRMED
        and any_meets((*here, one.step.ratio.mid > 1), [span_of(one.series, one.step)])
        for sentence in one.evidence[:1]
    ]
    return [f"{pair.baseline.case} moved by {baseline} there, the case itself by {case}", *causes]


def _measurable(alarm: Alarm, looking: Looking) -> Alarm:
    """The same with the commits between which it can be measured again, and the command that shows it again."""
    found = _between_commits(alarm, looking)
    if alarm.kind is Kind.ENVIRONMENT and (again := _in_both(alarm)):
        return replace(found, command=again, in_both=True)
    return found


def _in_both(alarm: Alarm) -> str:
    """What measures the environments of both sides of a step; "" where nothing can."""
    before, after = alarm.series.facts(alarm.step.before), alarm.series.facts(alarm.step.last)
    return compare_command(alarm.case, before, after, circumstances_of(alarm)[1])


def _between_commits(alarm: Alarm, looking: Looking) -> Alarm:
    if any(sort_of(case) is None for case in alarm.cases) or len({sort_of(case) for case in alarm.cases}) > 1:
        return replace(
            alarm, not_measured="nothing here can run it: it is no test of the gate's, and no case of a sweep"
        )
    found = ends(alarm.series, alarm.step, looking.commits, looking.ancestor)
    if isinstance(found, str):
        return replace(alarm, not_measured=found)
    between_these = replace(alarm, old=found[0], new=found[1])
    return replace(between_these, command=command(options_of([between_these], looking.measuring)))


def options_of(alarms: Sequence[Alarm], measuring: Measuring) -> GateOptions:
    """What the gate is asked about alarms with the same ends; the device and the threads are those of their line.

    The tolerance is the user's, else what follows from the smallest step among them.
    """
    first = alarms[0]
    cases = tuple(dict.fromkeys(case for alarm in alarms for case in alarm.cases))
    device, threads = circumstances_of(first)
    tolerance = measuring.tolerance or min(tolerance_for(alarm.step.ratio.mid) for alarm in alarms)
    return between(question(cases, measuring, device, threads), first.old, first.new, tolerance)


def circumstances_of(alarm: Alarm) -> tuple[str, int]:
    """On which device and with how many threads the line was measured, after the step."""
    return circumstances(alarm.series.facts(alarm.step.last))
