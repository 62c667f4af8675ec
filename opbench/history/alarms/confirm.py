"""Alarms that nobody can explain yet, measured again: old and new code in turns, one run of the gate for all that share
both commits.

Only what the gate confirms is put down to the code. What it refutes is noise, if it was measured where the line was: on
another machine the code may well be as fast as before.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opbench.errors import OpbenchError
from opbench.gate.decision.verdict import Judgement
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.stats.rule import Rule
from opbench.history.alarms.alarm import EXPLAINED, Alarm, Kind
from opbench.history.alarms.found import circumstances_of, options_of
from opbench.history.commits import DIGITS
from opbench.history.confirming.claim import Answer, answer
from opbench.history.confirming.gate_run import Gate
from opbench.history.confirming.question import Measuring, command, sort_of
from opbench.history.machine import name_of


@dataclass(frozen=True)
class Confirming:
    """gate: runs it. machine: the name under which this machine's lines are kept, "" for its own.

    tell: hears what is going to be done, and how it went. explained: whether the code is measured, too, of alarms that
    the environment or the hardware explains, behind which a change of the code may hide.
    """

    gate: Gate
    measuring: Measuring
    tell: Callable[[str], None]
    machine: str = ""
    explained: bool = False

    def __call__(self, alarms: Sequence[Alarm]) -> list[Alarm]:
        """The same alarms; those that were unconfirmed, and have commits to be measured at, as the gate saw them.

        A run that cannot be made leaves its alarms what they were, and says why.
        """
        groups = together(alarms, (Kind.UNCONFIRMED, *(EXPLAINED if self.explained else ())))
        if groups:
            count = sum(map(len, groups))
            runs = f"{len(groups)} run{'s' * (len(groups) != 1)} of the gate"
            self.tell(f"{runs} to confirm {count} alarm{'s' * (count != 1)}")
        judged: dict[int, Alarm] = {}
        for number, group in enumerate(groups, 1):
            first = group[0]
            more = f" and {len(group) - 1} more" * (len(group) > 1)
            ends = f"{first.old[:DIGITS]} against {first.new[:DIGITS]}"
            self.tell(f"[{number}/{len(groups)}] {ends}: {first.case}{more}")
            judged |= {
                id(alarm): self._judged(alarm, said) for alarm, said in zip(group, self._run(group), strict=True)
            }
        return [judged.get(id(alarm), alarm) for alarm in alarms]

    def _run(self, group: Sequence[Alarm]) -> list[LiveRun | str]:
        """The run once for each alarm, or why there is none."""
        options = options_of(group, self.measuring)
        try:
            run, folder = self.gate(options, Rule(tolerance=float(options.tolerance.rstrip("%")) / 100))
        except OpbenchError as exc:
            self.tell(f"not measured: {exc}")
            return [f"the gate could not measure it: {exc}"] * len(group)
        self.tell(f"report: {folder / 'summary.md'}")
        return [run] * len(group)

    def _judged(self, alarm: Alarm, said: LiveRun | str) -> Alarm:
        if isinstance(said, str):
            return replace(alarm, evidence=(said, *alarm.evidence))
        judgement = _judgement(said, alarm.case)
        if judgement is None:
            return replace(alarm, evidence=("the gate did not find the case at these commits", *alarm.evidence))
        told, sentence = answer(judgement, said.rule, slower=alarm.slower)
        elsewhere = self._elsewhere(alarm, said.dry_runs["head"].environment)
        kind = Kind.CODE if told is Answer.CONFIRMED else alarm.kind
        if told is Answer.REFUTED and alarm.kind is Kind.UNCONFIRMED and not elsewhere:
            kind = Kind.NOISE
        evidence = (sentence, *([elsewhere] if elsewhere else []), *alarm.evidence)
        judged = replace(alarm, kind=kind, evidence=evidence, found=judgement.comparison)
        if kind is Kind.CODE and alarm.in_both:  # what shows that again are both commits
            return replace(judged, in_both=False, command=command(options_of([alarm], self.measuring)))
        return judged

    def _elsewhere(self, alarm: Alarm, here: Mapping[str, Any]) -> str:
        """A sentence where the gate ran on another machine than the line is of, "" where it is the same.

        By name and processor: the digits of a machine's id are of what its source tells of it, and a sweep tells more.
        """
        name, facts = name_of(alarm.series.machine), alarm.series.facts(alarm.step.last)
        own = self.machine or platform.node()
        before, now = (one.get("device_name") or one.get("cpu") for one in (facts, here))
        if name == own and (before == now or not before):
            return ""
        return f"that was on {own} ({now}); the line is of {name} ({before or 'processor unknown'})"


def together(alarms: Sequence[Alarm], kinds: Collection[Kind]) -> list[list[Alarm]]:
    """Alarms of these classes that one run can answer: the same commits, device, threads, and sort of case."""
    groups: dict[tuple[object, ...], list[Alarm]] = {}
    for alarm in alarms:
        if alarm.kind in kinds and alarm.old:
            key = (alarm.old, alarm.new, *circumstances_of(alarm), sort_of(alarm.case))
            groups.setdefault(key, []).append(alarm)
    return list(groups.values())


def _judgement(run: LiveRun, case: str) -> Judgement | None:
    return next((one for one in run.judgements if one.benchmark == case), None)
