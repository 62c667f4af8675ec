"""Every backend of a point in a process of its own, taking turns: the parent's side of `opbench.measure.turns`.

What one does to its process, it does to itself: clocks, flags, processors, memory. The parent lets one process go at a
time, stops its threads before the next, and holds what it says its calls took against the time for which
its threads ran by the operating system's count, which no load beside it makes longer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from time import process_time
from typing import Any

from opbench.measure.contention import processor_s
from opbench.process.measuring_process import Death, MeasuringProcess, Progress
from opbench.process.threads import ran_s
from opbench.store.codec import outcome_from_json, point_to_json
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.record import Failed, Measured, Outcome
from opbench.vocabulary.settings import Settings

SLOW_CLOCK = 2.0
"""How many times what a turn's calls are said to have taken its busiest thread may run, in the median turn, and TURN_S
more: beside the calls a turn has other input values, a look at the samples and two messages."""

TURN_S = 2e-3
"""Threads that have worked spin for about a millisecond: of 30 honest cases beside two busy processes, median turns ran
1.0 to 1.6 ms longer than their calls."""


@dataclass
class Rival:
    """One case of the point, and its process, which waits for its turn.

    stopped: why its sampling could stop, or "".
    spent_s: seconds of its samples so far.
    ran_s, claimed_s: of its turns so far, for how long its busiest thread ran, and what the calls took by its clock.
    """

    case: Case
    process: MeasuringProcess
    stopped: str = ""
    spent_s: float = 0.0
    ran_s: list[float] = field(default_factory=list)
    claimed_s: list[float] = field(default_factory=list)

    def heard(self, turn: Mapping[str, Any], ran_s: float) -> None:
        self.stopped, self.spent_s = str(turn["stopped"]), float(turn["spent_s"])
        if turn["claimed_s"] is not None:
            self.ran_s.append(ran_s)
            self.claimed_s.append(float(turn["claimed_s"]))

    def judged(self, outcome: Outcome) -> Outcome:
        """The outcome, or Failed where its clock is not ours."""
        if not isinstance(outcome, Measured) or not self.ran_s:
            return outcome
        beyond = [
            ran_s > SLOW_CLOCK * claimed_s + TURN_S for ran_s, claimed_s in zip(self.ran_s, self.claimed_s, strict=True)
        ]
        if 2 * sum(beyond) <= len(beyond):
            return outcome
        said, ran = median(self.claimed_s), median(self.ran_s)
        return Failed("sampling", f"its clock showed {said:.3g} s for calls in which a thread ran for {ran:.3g} s")


@dataclass
class Answers:
    """What came of cases that were measured together.

    outcomes: by case label.
    facts: what `Worker.measure` answers about the point itself.
    deaths: of the cases whose process ended without an answer.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    deaths: dict[Case, Death] = field(default_factory=dict)

    def add(self, label: str, answer: Mapping[str, Any], rival: Rival | None) -> None:
        """Take what a process answered. rival: the case's turns so far, where it had one."""
        outcome = outcome_from_json(answer["outcomes"][label])
        self.outcomes[label] = outcome if rival is None else rival.judged(outcome)
        self.facts |= {key: answer[key] for key in answer if key not in self.facts or answer[key]}


@dataclass
class Isolation:
    """The processes of a run's backends, by case label: started when first needed, alive until `close`.

    start: a new process, ready after `hello`.
    progress: where the steps of a point are told.
    note: where a sentence for the user goes.
    ran_s: given a process's id, seconds for which each of its threads ran so far.
    used_s: given a process's id, its processor time so far in seconds.
    own_s: processor time of this process so far in seconds.
    """

    start: Callable[[], MeasuringProcess]
    progress: Callable[[Point], Progress]
    note: Callable[[str], None]
    ran_s: Callable[[int], Mapping[str, float]] = ran_s
    used_s: Callable[[int], float] = processor_s
    own_s: Callable[[], float] = process_time
    _processes: dict[str, MeasuringProcess] = field(default_factory=dict)
    _ran_s: dict[str, Mapping[str, float]] = field(default_factory=dict)
    _used_s: dict[str, float] = field(default_factory=dict)
    _ended_s: float = 0.0

    def measure(self, cases: Sequence[Case], settings: Settings) -> tuple[dict[str, Outcome], dict[str, Any]]:
        """Outcomes of one point's cases by label, and what `Worker.measure` answers about the point itself.

        Who dies is asked once more, alone, because a process may be killed from outside; the second time it is Failed.
        """
        answers, again = Answers(), Answers()
        self._together(cases, settings, answers)
        for case, death in answers.deaths.items():
            self.note(f"{case.point}: {case.label}: {death}; measured once more, alone")
            again.facts = answers.facts
            self._together((case,), replace(settings, split=False), again)
        failed: dict[str, Outcome] = {
            case.label: Failed(death.phase, death.reason) for case, death in again.deaths.items()
        }
        return answers.outcomes | again.outcomes | failed, answers.facts | again.facts

    def _together(self, cases: Sequence[Case], settings: Settings, answers: Answers) -> None:
        """Measure these in turns."""
        rivals: dict[str, Rival] = {}
        for case in cases:
            ask = partial(self._begin, case, settings, count=not answers.facts.get("counts"))
            self._step(case, ask, rivals, answers)
        look = False
        shuffle = random.Random(0).shuffle  # noqa: S311  (an order of turns, not a secret)
        while rivals:
            stopped = all(rival.stopped for rival in rivals.values())
            over, look = stopped and look, stopped
            mean_s = sum(rival.spent_s for rival in rivals.values()) / len(rivals)
            order = list(rivals.values())
            shuffle(order)
            for rival in order:
                go = {"mean_s": mean_s, "look": look, "over": over, "rivals_s": self._rivals_s(rival.case)}
                self._step(rival.case, partial(self._go, rival, go, settings), rivals, answers)

    def _step(self, case: Case, ask: Callable[[], dict[str, Any]], rivals: dict[str, Rival], answers: Answers) -> None:
        """Ask one process: it waits for its next turn then, or is out of `rivals` and its answer or death is kept."""
        try:
            message = ask()
        except Death as death:
            rivals.pop(case.label, None)
            self._end(case.label)
            answers.deaths[case] = death
            return
        process = self._processes[case.label]
        if "turn" in message:
            before, after = self._ran_s.get(case.label, {}), self.ran_s(process.pid)
            ran_s = max((seconds - before.get(thread, 0.0) for thread, seconds in after.items()), default=0.0)
            self._ran_s[case.label] = after
            rivals.setdefault(case.label, Rival(case, process)).heard(message["turn"], ran_s)
        else:
            answers.add(case.label, message["answer"], rivals.pop(case.label, None))
        process.pause()
        self._used_s[case.label] = self.used_s(process.pid)

    def _begin(self, case: Case, settings: Settings, *, count: bool) -> dict[str, Any]:
        """Prepare, check and warm up: the first turn, or the answer where it comes to none. Raises Death."""
        if case.label not in self._processes:
            self._processes[case.label] = self.start()
        request = {
            "point": point_to_json(case.point),
            "cases": [(case.backend, case.replica)],
            "settings": settings.to_json(),
            "count": settings.count and count,
            "turns": {"rivals_s": self._rivals_s(case)},
        }
        return self._processes[case.label].begin(request, settings.time_limit_s, self.progress(case.point))

    def _go(self, rival: Rival, go: dict[str, Any], settings: Settings) -> dict[str, Any]:
        return rival.process.go_on(go, settings.time_limit_s, self.progress(rival.case.point))

    def _rivals_s(self, case: Case) -> float:
        """Processor time of this process and of all but the case's own, after their last turns: they rest since.

        It never falls: who watches the processors would take what an ended process used for a stranger's use.
        """
        return (
            self.own_s()
            + self._ended_s
            + sum(seconds for label, seconds in self._used_s.items() if label != case.label)
        )

    def _end(self, label: str) -> None:
        if label in self._processes:
            self._processes.pop(label).close()
        self._ended_s += self._used_s.pop(label, 0.0)
        self._ran_s.pop(label, None)

    def close(self) -> None:
        """End all of them."""
        for label in list(self._processes):
            self._end(label)
