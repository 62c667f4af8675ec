"""Splits the time of launches that were timed in turns, in as many attempts as it takes to meet the same machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from opbench.errors import describe_exception
from opbench.measure.split.call_split import TOLERANCE, Split, explain_miss
from opbench.measure.split.cpu_profiler import GroupPlan, plan_groups, profile_launches
from opbench.measure.split.cpu_split import CallGroup, split_cpu_calls
from opbench.measure.split.cuda_split import profile_cuda_calls, split_cuda_calls
from opbench.measure.split.overhead_calibration import overhead_for

MAX_ATTEMPTS, ATTEMPTS_S = 3, 0.4
"""Of each launch seconds of attempts after which no further one begins; one takes 0.05 s where nobody else wants the
cores. What is no attempt is not counted: the profiler's first use, and attempts that ended in a launch's failure.
"""

NOTHING_SEEN = "no PyTorch operator or kernel is seen inside this launch, so there is nothing to split it by"


@dataclass
class LaunchSplit:
    """One launch whose median is known, and its split.

    calls: in one sample of the clock.
    parts: seconds by part, empty where there is no split.
    reason: why there is none, or why the parts do not add up to the median; "" where they do.
    done: whether no further attempt is needed.
    failed: whether it raised; it is not called again.
    spans: the profiler's, in one call.

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
    failed: bool = False
    spans: int = 0
    _least_miss: float = float("inf")

    def offer(self, split: Split | None, call_s: float) -> None:
        """Take an attempt's split where it comes nearer to `call_s` seconds than those before; None: nothing seen."""
        if split is None:
            self.reason, self.done = NOTHING_SEEN, True
            return
        miss = abs(split.miss(call_s))
        self.done = miss <= TOLERANCE
        if miss < self._least_miss:
            self._least_miss, self.parts, self.reason = miss, split.parts, explain_miss(split, call_s)

    def fail(self, reason: str) -> None:
        """Call the launch no more. A failure takes nothing from an attempt that succeeded before it."""
        self.done = self.failed = True
        if not self.parts:
            self.reason = f"the profiler failed: {reason}"


@dataclass
class Splitter:
    """Splits all launches of one point.

    splits: by label.
    led: whether the clock leads its samples with a call that is not timed.
    announce: called with a label before each group of its calls.
    now: the clock, in seconds, by which further attempts are begun or not.
    """

    splits: Mapping[str, LaunchSplit]
    device: str
    led: bool
    announce: Callable[[str], None]
    now: Callable[[], float] = perf_counter
    _running: str = ""
    _failure: str = ""

    def run(self) -> None:
        """Every split then has parts, or a reason; nothing is raised for what a launch or the profiler does."""
        if self.device != "cuda":
            self._count_spans()
        attempts, spent_s = 0, 0.0
        while (pending := self._pending()) and attempts < MAX_ATTEMPTS and spent_s <= ATTEMPTS_S * len(self.splits):
            start_s = self.now()
            if (self._attempt_cuda if self.device == "cuda" else self._attempt_cpu)(pending):
                attempts, spent_s = attempts + 1, spent_s + self.now() - start_s
        for split in self.splits.values():
            if not split.parts and not split.reason:
                split.fail(self._failure)

    def _announce(self, label: str) -> None:
        self._running = label
        self.announce(label)

    def _pending(self) -> list[str]:
        return [label for label, split in self.splits.items() if not split.done]

    def _count_spans(self) -> None:
        """Of one call each: how many calls a group may have depends on it."""
        while (groups := self._profile(lambda *_: GroupPlan(1, 1, led=True))) is None and self._running:
            pass  # once more, without the one that failed
        for label, (group,) in (groups or {}).items():
            self.splits[label].spans = len(group.spans)

    def _attempt_cpu(self, labels: list[str]) -> bool:
        """All launches take part, as they did when they were timed; those that are done are no longer observed.

        False where one failed, which costs the others nothing: they are tried again without it, each time with one
        launch less. A profiler that fails before any of them runs has had its attempt.
        """
        groups = self._profile(lambda label, split: self._plan(split, observed=label in labels))
        if groups is None:
            return not self._running
        for label in labels:
            self._split(label, groups[label])
        return True

    def _profile(self, plan: Callable[[str, LaunchSplit], GroupPlan]) -> dict[str, list[CallGroup]] | None:
        """The groups of all that can be called; None where one of them, which has then failed, or the profiler did."""
        self._running = ""
        working = {label: split for label, split in self.splits.items() if not split.failed}
        plans = {label: plan(label, split) for label, split in working.items()}
        try:
            return profile_launches({label: split.launch for label, split in working.items()}, plans, self._announce)
        except Exception as exc:  # noqa: BLE001  (whatever it is, the latencies stand; the next attempt is without it)
            self._failure = describe_exception(exc)
            if self._running:
                self.splits[self._running].fail(self._failure)
            return None

    def _split(self, label: str, groups: list[CallGroup]) -> None:
        split = self.splits[label]
        try:
            split.offer(split_cpu_calls(groups, overhead_for(groups)), split.median_s)
        except Exception as exc:  # noqa: BLE001  (as above: the costs of a compiled graph could not be calibrated, say)
            split.fail(describe_exception(exc))

    def _plan(self, split: LaunchSplit, *, observed: bool) -> GroupPlan:
        plan = plan_groups(split.median_s, split.spans, split.calls, self.led)
        return plan if observed else plan._replace(groups=0)

    def _attempt_cuda(self, labels: list[str]) -> bool:
        """One after another, so that a failure is of its launch alone."""
        for label in labels:
            self._announce(label)
            split = self.splits[label]
            try:
                attempt = split_cuda_calls(profile_cuda_calls(split.launch))
                split.offer(attempt, attempt.plain_s if attempt else 0.0)
            except Exception as exc:  # noqa: BLE001  (as above)
                split.fail(describe_exception(exc))
        return True
