"""One point, all its backends, inside the measuring process: admit, prepare, check, clock; one outcome each.

Whatever a backend does wrong becomes its own outcome and leaves the others alone.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from time import perf_counter

from opbench.device import synchronize
from opbench.errors import UsageError, describe_exception
from opbench.measure.admission import Admitted, admit
from opbench.measure.audit import Audit
from opbench.measure.memory import shortage
from opbench.measure.point_checker import Candidate, Checker
from opbench.measure.process_state import PROCESSORS, THREADS, DisturbedError, ProcessState
from opbench.measure.sampled_outcome import Prepared, outcome_of
from opbench.measure.tamper_guard import Guard
from opbench.measure.timing import sampler
from opbench.measure.timing.clock import Clock
from opbench.measure.timing.clocks import clock_named
from opbench.measure.timing.contention_watch import watched
from opbench.measure.timing.led import LedClock
from opbench.measure.timing.sampler import Samples
from opbench.measure.timing.stopping import Precision, Stopping
from opbench.measure.turns import JointStopping, Turns
from opbench.vocabulary.backend import Figured, Inputs
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Check, Contended, Failed, Measured, Mismatch, Outcome, Unavailable
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.work import Work

PATIENCE = 3.0
"""Budgets that a launch may spend on preempted samples before it ends with what it has."""

Announce = Callable[[str, str, "float | None"], None]
"""(phase, label, latest seconds per call or None): told before every step."""


@dataclass
class PointMeasurement:
    """Measures the cases of one point; `outcomes` then has exactly one entry per case label.

    turns: where its single case takes turns with rivals in other processes.
    """

    point: Point
    cases: Sequence[Case]
    settings: Settings
    announce: Announce
    turns: Turns | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    state: ProcessState = field(default_factory=ProcessState)
    _prepared: dict[str, Prepared] = field(default_factory=dict)
    _guard: Guard = field(default_factory=Guard)

    def run(self, operator: Operator, work: Work) -> dict[str, Outcome]:
        admitted = self._admitted(operator, timed=True)
        if admitted and self.point.device == "cuda" and not work.bytes_written:
            reason = "skipped: the output is empty, there is nothing to time on a GPU"
            self.outcomes |= dict.fromkeys(admitted, Unavailable(reason))
        elif self._fits(admitted, work):
            inputs = self._inputs(operator)
            self._time(operator, inputs, self._prepare_and_check(operator, inputs, admitted))
        return self.outcomes

    def verify(self, operator: Operator) -> dict[str, Check | Outcome]:
        """Prepare and check only: the passed Check, or the outcome that stands in its place, per case label."""
        admitted = self._admitted(operator, timed=False)
        if self._fits(admitted, operator.work(self.point)):
            self._prepare_and_check(operator, self._inputs(operator), admitted)
        passed = {
            label: prepared.check
            for label, prepared in self._prepared.items()
            if label not in self.outcomes and prepared.check
        }
        return {**self.outcomes, **passed}

    def ready(self, operator: Operator, *, check: bool = True) -> dict[str, Candidate]:
        """Admit, prepare and check for a clock elsewhere: the launches, per case label. `outcomes` says of the others
        why not. check: without it, what has been right in this process before is prepared anew and not checked again.
        """
        admitted = self._admitted(operator, timed=True)
        if not self._fits(admitted, operator.work(self.point)):
            return {}
        inputs = self._inputs(operator)
        if check:
            return self._prepare_and_check(operator, inputs, admitted)
        return self._prepare(inputs, admitted, Checker(operator, self.point, inputs))

    def _admitted(self, operator: Operator, *, timed: bool) -> dict[str, Admitted]:
        """The backends that take the point; why the others do not is their outcome."""
        found = {case.label: admit(operator, case, self._guard, timed=timed) for case in self.cases}
        self.outcomes |= {label: one for label, one in found.items() if not isinstance(one, Admitted)}
        return {label: one for label, one in found.items() if isinstance(one, Admitted)}

    def _fits(self, admitted: dict[str, Admitted], work: Work) -> bool:
        """Whether there is something to run and room for it; if there is no room, that is every case's outcome."""
        if admitted and (reason := shortage(self.point, work, len(admitted))):
            self.outcomes |= dict.fromkeys(admitted, Unavailable(reason))
            return False
        return bool(admitted)

    def _inputs(self, operator: Operator) -> Inputs:
        self.announce("inputs", "", None)
        return operator.inputs(self.point)

    def _prepare_and_check(
        self, operator: Operator, inputs: Inputs, admitted: dict[str, Admitted]
    ) -> dict[str, Candidate]:
        checker = Checker(operator, self.point, inputs)
        return self._passed(checker, self._prepare(inputs, admitted, checker))

    def _prepare(self, inputs: Inputs, admitted: dict[str, Admitted], checker: Checker) -> dict[str, Candidate]:
        candidates: dict[str, Candidate] = {}
        for label, entry in admitted.items():
            out = checker.new_output() if self.point.mode == "out" else None
            with self._step("prepare", label):
                start = perf_counter()
                launch = entry.backend.prepare(self.point, inputs, out, entry.schedule)
                synchronize(self.point.device)
                prepared = self._prepared[label] = Prepared(perf_counter() - start)
                self._guard.check()
                if isinstance(launch, Figured):  # the clock calls what is inside: nothing of ours in between
                    prepared.figured, launch = launch, launch.call
                candidates[label] = Candidate(launch, out)
            if label in self.outcomes:
                candidates.pop(label, None)
        return candidates

    def _passed(self, checker: Checker, candidates: dict[str, Candidate]) -> dict[str, Candidate]:
        """Those that are right."""
        self.announce("reference", "", None)

        def verify(label: str, check_one: Callable[[Candidate], Check]) -> Check | None:
            with self._step("check", label):
                found = self._prepared[label].check = check_one(candidates[label])
                self._guard.check()
                if not found.passed:
                    self.outcomes[label] = Mismatch(found)
            return None if label in self.outcomes else found

        passed = checker.run(candidates, verify)
        return {label: one for label, one in candidates.items() if label in passed}

    @contextmanager
    def _step(self, phase: str, label: str) -> Iterator[None]:
        """Any exception inside is that backend's Failed outcome, but for a UsageError: it does not do that.

        So is a change of what its rivals share.
        """
        self.announce(phase, label, None)
        try:
            yield
            self._same_process()
        except UsageError as exc:
            self.outcomes[label] = Unavailable(str(exc))
        except Exception as exc:  # noqa: BLE001  (every failure of a backend is its outcome)
            self.outcomes[label] = Failed(phase, describe_exception(exc))

    def _same_process(self) -> None:
        """Raises DisturbedError where something has changed that all backends share; it is put back.

        An axis of threads is heeded by backends in `prepare`, and stands until another point asks for another number.
        """
        if THREADS in self.point.axes:
            self.state.heeds(int(self.point.axes[THREADS]))
        if changes := self.state.changed():
            raise DisturbedError(f"changed its process for its rivals: {changes}")

    def _time(self, operator: Operator, inputs: Inputs, candidates: dict[str, Candidate]) -> None:
        """Sample all; when one raises, it is out and the others are sampled anew without it."""
        while candidates:
            now = ["sampling", ""]
            looked_at = not self.settings.trusting
            audit = Audit(operator, self.point, inputs, candidates, guard=self._guard) if looked_at else None

            def observe(phase: str, label: str, so_far: Samples, now: list[str] = now) -> None:
                self._end_turn(now[0], now[1], phase)
                now[:] = phase, label
                self.announce(phase, label, so_far.samples_s[-1] if so_far.samples_s else None)
                if self.turns is not None and self.turns.observe(phase, so_far):
                    watch.restart()

            def relieve() -> None:
                watch.relieve()
                self.state.allow(PROCESSORS)

            try:
                with watched(self.point.clock, None if self.turns is None else self._rivals_s) as watch:
                    found = sampler.measure(
                        {label: one.launch for label, one in candidates.items()},
                        self._clock(),
                        self._stopping,
                        observe=observe,
                        page_faults=lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt,
                        delay=watch.delay,
                        relieve=relieve,
                        patience_s=PATIENCE * self.settings.budget_s,
                        audit=audit,
                    )
                    self._end_turn(now[0], now[1], "")
            except Exception as exc:  # noqa: BLE001  (as in _step)
                phase, label = now
                self.outcomes[label] = Failed(phase, describe_exception(exc))
                del candidates[label]
                continue
            finally:
                if audit is not None:
                    audit.close()
            for label, samples in found.items():
                self.outcomes[label] = self._outcome(label, samples, watch.disturbed, audit)
            if self.settings.split:
                self._split(candidates)
            return

    def _end_turn(self, phase: str, label: str, following: str) -> None:
        """After a warm-up or a sample of this launch. Raises DisturbedError. Memory is counted once all are warm."""
        if phase == "sampling":
            self.state.turn(label)
        elif following == "sampling":
            self.state.warm()
        if label:
            self._same_process()

    def _rivals_s(self) -> float:
        return 0.0 if self.turns is None else self.turns.rivals_s

    def _clock(self) -> Clock:
        clock = clock_named(self.point.clock)
        return clock if self.turns is None or isinstance(clock, LedClock) else LedClock(clock)

    def _stopping(self) -> Stopping:
        rule = Precision(self.settings.target, self.settings.budget_s)
        return rule if self.turns is None else JointStopping(rule, self.turns)

    def _split(self, candidates: Mapping[str, Candidate]) -> None:
        """Add to what was measured where its time goes, or why that cannot be said; never takes a latency away."""
        from opbench.measure.split.splitter import LaunchSplit, Splitter

        splits = {
            label: LaunchSplit(candidates[label].launch, median(outcome.samples_s), outcome.calls_per_sample)
            for label, outcome in self.outcomes.items()
            if isinstance(outcome, Measured)
        }
        led = self.point.clock.endswith(":led")
        Splitter(splits, self.point.device, led, lambda label: self.announce("split", label, None)).run()
        for label, launch_split in splits.items():
            measured = self.outcomes[label]
            assert isinstance(measured, Measured)
            self.outcomes[label] = replace(measured, split=dict(launch_split.parts), split_reason=launch_split.reason)

    def _outcome(self, label: str, samples: Samples, disturbed: str, audit: Audit | None) -> Outcome:
        if audit is not None and label in audit.misses:
            return Mismatch(audit.misses[label])
        outcome = outcome_of(samples, self._prepared[label], disturbed, self.state.leaks(label))
        if audit is None or isinstance(outcome, Contended):
            return outcome
        check = outcome.check
        if not outcome.contention:
            check = audit.kept(label, check, outcome.samples_s, outcome.calls_per_sample)
        return replace(outcome, looks=audit.looks) if check.passed else Mismatch(check)
