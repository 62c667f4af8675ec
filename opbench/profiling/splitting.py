"""Splits the time of launches that were timed in turns, in as many attempts as it takes to meet the same machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from opbench.measuring import describe
from opbench.profiling import on_device, timeline
from opbench.profiling.costs import costs_for
from opbench.profiling.split import TOLERANCE, Group, Split, split_of, verdict
from opbench.profiling.tracing import Plan, all_traced, plan_for

ATTEMPTS, ENOUGH_S = 3, 0.4
"""Of each launch seconds of attempts after which no further one begins; one takes 0.05 s where nobody else wants the
cores. What is no attempt is not counted: the profiler's first use, and attempts that ended in a launch's failure.
"""

NOTHING_SEEN = "no PyTorch operator or kernel is seen inside this launch, so there is nothing to split it by"

Tell = Callable[[str], None]


@dataclass
class Turn:
    """One launch whose median is known, and what became of it. calls: in one sample of the clock.

    Of all attempts the one that comes nearest to the median stands: a machine that was slow for a moment is asked
    again. On a GPU the parts add up to a synchronised call, which is longer than the median of a clock that counts the
    device's time; they are held against such a call made beside them.
    """

    launch: Callable[[], Any]
    median_s: float
    calls: int
    parts: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    done: bool = False
    broken: bool = False
    spans: int = 0
    _best: float = float("inf")

    def offer(self, found: Split | None, whole_s: float) -> None:
        if found is None:
            self.reason, self.done = NOTHING_SEEN, True
            return
        miss = abs(found.miss(whole_s))
        self.done = miss <= TOLERANCE
        if miss < self._best:
            self._best, self.parts, self.reason = miss, found.parts, verdict(found, whole_s)

    def give_up(self, reason: str) -> None:
        """A failure takes nothing from an attempt that succeeded before it. The launch is not called again."""
        self.done = self.broken = True
        if not self.parts:
            self.reason = f"the profiler failed: {reason}"


@dataclass
class Splitting:
    """All launches of one point, by label. led: whether the clock leads its samples. tell: called before each group.
    now: the clock, in seconds, by which attempts are begun or not.
    """

    turns: Mapping[str, Turn]
    device: str
    led: bool
    tell: Tell
    now: Callable[[], float] = perf_counter
    _now: str = ""
    _failure: str = ""

    def run(self) -> None:
        """Every turn then has parts, or a reason; nothing is raised for what a launch or the profiler does."""
        if self.device != "cuda":
            self._count_spans()
        attempts, spent_s = 0, 0.0
        while (left := self._left()) and attempts < ATTEMPTS and spent_s <= ENOUGH_S * len(self.turns):
            start = self.now()
            if (self._on_device if self.device == "cuda" else self._on_host)(left):
                attempts, spent_s = attempts + 1, spent_s + self.now() - start
        for turn in self.turns.values():
            if not turn.parts and not turn.reason:
                turn.give_up(self._failure)

    def _told(self, label: str) -> None:
        self._now = label
        self.tell(label)

    def _left(self) -> list[str]:
        return [label for label, turn in self.turns.items() if not turn.done]

    def _count_spans(self) -> None:
        """Of one call each: how many calls a group may have depends on it."""
        while (found := self._traced(lambda *_: Plan(1, 1, led=True))) is None and self._now:
            pass  # once more, without the one that failed
        for label, (one,) in (found or {}).items():
            self.turns[label].spans = len(one.spans)

    def _on_host(self, left: list[str]) -> bool:
        """All launches take part, as they did when they were timed; those that are done are no longer observed.

        False where one failed, which costs the others nothing: they are tried again without it, each time with one
        launch less. A profiler that fails before any of them runs has had its attempt.
        """
        found = self._traced(lambda label, turn: self._plan(turn, label in left))
        if found is None:
            return not self._now
        for label in left:
            self._take(label, found[label])
        return True

    def _traced(self, plan: Callable[[str, Turn], Plan]) -> dict[str, list[Group]] | None:
        """The groups of all that can be called; None where one, which then is broken, or the profiler failed."""
        self._now = ""
        taking = {label: turn for label, turn in self.turns.items() if not turn.broken}
        plans = {label: plan(label, turn) for label, turn in taking.items()}
        try:
            return all_traced({label: turn.launch for label, turn in taking.items()}, plans, self._told)
        except Exception as exc:  # noqa: BLE001  (whatever it is, the latencies stand; the next attempt is without it)
            self._failure = describe(exc)
            if self._now:
                self.turns[self._now].give_up(self._failure)
            return None

    def _take(self, label: str, groups: list[Group]) -> None:
        turn = self.turns[label]
        try:
            turn.offer(split_of(groups, costs_for(groups)), turn.median_s)
        except Exception as exc:  # noqa: BLE001  (as above: the costs of a compiled graph could not be calibrated, say)
            turn.give_up(describe(exc))

    def _plan(self, turn: Turn, wanted: bool) -> Plan:
        plan = plan_for(turn.median_s, turn.spans, turn.calls, self.led)
        return plan if wanted else plan._replace(groups=0)

    def _on_device(self, left: list[str]) -> bool:
        """One after another, so that a failure is of its launch alone."""
        for label in left:
            self._told(label)
            turn = self.turns[label]
            try:
                found = timeline.split_of(on_device.traced(turn.launch))
                turn.offer(found, found.plain_s if found else 0.0)
            except Exception as exc:  # noqa: BLE001  (as above)
                turn.give_up(describe(exc))
        return True
