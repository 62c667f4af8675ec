"""The loop, and the whole story: Sweep -> Case -> Backend.prepare -> check -> measure -> Record -> report.

This file takes the points of a plan (`plan.py`), asks a measuring process (`worker.py`) for each, and appends one
record per case. Prepare, check and clock happen over there (`measure/point.py`), so that a backend which hangs or kills
its process costs its own record: the culprit is recorded as Failed and the point measured again without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from opbench.ceilings import storage
from opbench.errors import MachineError, UsageError
from opbench.measure.isolation import Isolation
from opbench.planning.plan import Plan, Task
from opbench.planning.remaining import Left, overview, remaining
from opbench.process.environment import revision
from opbench.process.measuring_process import Death, MeasuringProcess, Progress
from opbench.running.ahead import MOST, Ahead
from opbench.running.time_budget import Accounts
from opbench.store.codec import outcome_from_json, parts_from_json, point_to_json
from opbench.store.journal import Journal
from opbench.store.runs import Run
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.record import Failed, Outcome, Record, Unavailable
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.work import Work

if TYPE_CHECKING:
    from opbench.ceilings.validation import LimitValidator
    from opbench.cli.progress import Reporter

SPLIT = "split"
"""The phase in which a measuring process observes what it has measured."""


@dataclass
class Runner:
    """Takes tasks to records, over as many measuring processes as it costs.

    hold: whether records are still to be held against this machine's ceilings, where those are known.
    ahead: whether what takes long to compile is compiled on all cores before anything is measured.
    start: a new measuring process, or what stands in its place.
    definition: file of the user's own operator that each is to know.
    facts: what environments say besides what processes tell, such as which of several devices it was.
    """

    run: Run
    device: str
    settings: Settings
    reporter: Reporter
    accounts: Accounts = field(default_factory=Accounts)
    environment: dict[str, Any] = field(default_factory=dict)
    _process: MeasuringProcess | None = None
    _isolation: Isolation | None = None
    _log: TextIO | None = None
    revision: str = field(default_factory=revision)
    hold: bool = True
    ahead: bool = False
    start: Callable[[TextIO | None], Any] = lambda log: MeasuringProcess(log)  # noqa: PLW0108  (looked up when called)
    definition: Path | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    _believing: LimitValidator | None = None

    def go(self, tasks: Plan | Sequence[Task], journal: Journal | None = None, left: Left | None = None) -> None:
        """Measure every case that has no record in the run, appending each task's records as soon as it is over.

        journal: the run's, where it is open already. left: what `overview` says of the tasks, where it has been asked.
        Raises MachineError when the device is not there, the disk is full or another run writes these records.
        """
        if journal is not None:
            self._go(tasks, journal, left)
            return
        with self.run.journal() as opened:
            if opened.repaired:
                self.reporter.note(opened.repaired)
            self._go(tasks, opened, left)

    def _go(self, tasks: Plan | Sequence[Task], journal: Journal, left: Left | None) -> None:
        left = left or overview(tasks, journal.keys)
        self.reporter.start(left.total, left.total - left.cases)
        with self.opened():
            if left.tasks <= MOST:
                self.prepare_ahead(remaining(tasks, journal.keys) if left.cases else ())
            if left.cases:
                for task in remaining(tasks, journal.keys):
                    self._do(task, journal)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Tasks can be measured within; afterwards no process of it is left. Raises MachineError on a full disk."""
        started = time.monotonic()
        with self._open_log() as self._log:
            try:
                yield
            finally:
                self._end_process()
                self.accounts.wall_s += time.monotonic() - started

    def prepare_ahead(self, tasks: Iterable[Task]) -> None:
        """Compile on all cores what takes long to compile, where this was asked for."""
        if not self.ahead:
            return
        began = time.monotonic()
        found = Ahead.of(tasks)
        if found.tasks:
            found.prepare(self.device, self.settings, self._log, self.reporter.note)
        self.accounts.ahead_s += time.monotonic() - began

    def _open_log(self) -> TextIO:
        path = self.run.folder / "worker.log"
        try:
            return path.open("a", encoding="utf-8")
        except OSError as exc:
            raise MachineError(f"cannot write {path}: {exc.strerror}") from exc

    @property
    def knows_limits(self) -> bool:
        """Whether records got a limit: once a process has run, and where this machine's ceilings are known."""
        return self._believing is not None

    def measured(self, task: Task) -> list[Record]:
        """The task's records, held against the ceilings where these are known; nothing is written yet.

        Within `opened`. Raises MachineError when the device is not there.
        """
        if not self.environment and not self.settings.isolate:
            self._start_process()  # a point that is skipped has an environment too
        records = self._records(task)
        return records if self._believing is None else self._believing.validate(records)

    def _do(self, task: Task, journal: Journal) -> None:
        records = self.measured(task)
        journal.append(records)
        for record in records:
            self.accounts.add(record.outcome)
            self.reporter.finished(record)

    def _records(self, task: Task) -> list[Record]:
        began = datetime.now(UTC).isoformat(timespec="seconds")
        if task.skip is not None:
            outcomes: dict[str, Outcome] = {case.label: Unavailable(f"skipped: {task.skip}") for case in task.cases}
            facts: dict[str, Any] = {}
        else:
            outcomes, facts = self._outcomes(task)
        work = facts.get("work")
        return [
            Record(
                case=case,
                outcome=outcomes[case.label],
                environment=self.environment,
                revision=self.revision,
                started=began,
                work=None if work is None else Work(**work),
                sizes=facts.get("sizes", {}),
                counts=facts.get("counts", {}),
                parts=parts_from_json(facts.get("parts", ())),
            )
            for case in task.cases
        ]

    def _outcomes(self, task: Task) -> tuple[dict[str, Outcome], dict[str, Any]]:
        """Ask until every case has an outcome; each death of the process takes its culprit out of the question.

        Who hangs is plain. Who killed the process, or wrote to its answers, may have done so in a rival's turn, by a
        thread say, or may not be of this run at all, such as the system when memory is short: from then on every case
        is asked for in a process of its own, and each death is its own.
        """
        if self.settings.isolate:
            outcomes, facts = self._isolated().measure(task.cases, self.settings)
            return self._kept(outcomes), facts
        outcomes, facts = {}, {}
        settings, apart = self.settings, False
        while left := [case for case in task.cases if case.label not in outcomes]:
            cases = left[:1] if apart else left
            if apart:
                self._end_process()
            try:
                answer = self._ask(task.point, cases, settings)
            except Death as death:
                self._end_process()
                if death.phase == SPLIT:  # all were measured by then: what observing them breaks costs no latency
                    settings = replace(settings, split=False)
                    self.reporter.note(f"{task.point}: {death.label}: {death}; measured again without --split")
                    continue
                if not apart and not death.hung:
                    apart = True
                    self.reporter.note(f"{task.point}: {death}; each backend is measured in a process of its own now")
                    continue
                guilty = [death.label] if death.label else [case.label for case in left]
                outcomes |= dict.fromkeys(guilty, Failed(death.phase, death.reason))
                self.reporter.note(f"{task.point}: {death.label or 'the operator'}: {death}")
            else:
                outcomes |= self._kept({label: outcome_from_json(one) for label, one in answer["outcomes"].items()})
                facts = answer

        return outcomes, facts

    def _kept(self, found: dict[str, Outcome]) -> dict[str, Outcome]:
        """What to believe of an answer: all of it on a CPU.

        On a GPU the first failure may have poisoned the context for all that came after it. It is kept, with what
        never ran; the others are asked for again from a new process.
        """
        failed = [label for label, outcome in found.items() if isinstance(outcome, Failed)]
        if self.device == "cpu" or not failed:
            return found
        self._end_process()
        unavailable = {label: outcome for label, outcome in found.items() if isinstance(outcome, Unavailable)}
        return {failed[0]: found[failed[0]]} | unavailable

    def _ask(self, point: Point, cases: Sequence[Case], settings: Settings) -> dict[str, Any]:
        process = self._start_process()
        request = {
            "point": point_to_json(point),
            "cases": [(case.backend, case.replica) for case in cases],
            "settings": settings.to_json(),
            "count": settings.count,
        }

        return process.measure(request, self.settings.time_limit_s, self._progress(point))

    def _progress(self, point: Point) -> Progress:
        return lambda phase, label, seconds: self.reporter.step(point, phase, label, seconds)

    def _isolated(self) -> Isolation:
        if self._isolation is None:
            self._isolation = Isolation(self._new_process, self._progress, self.reporter.note)
        return self._isolation

    def _new_process(self) -> MeasuringProcess:
        """A process that is ready. Raises MachineError when the device is not there."""
        process: MeasuringProcess = self.start(self._log)
        try:
            described = process.hello(self.device, self.settings.threads)
            if self.definition is not None:
                process.define(self.definition)
        except BaseException:
            process.close()
            raise
        self._described(described)
        return process

    def _start_process(self) -> MeasuringProcess:
        """The living process, or a new one. Raises MachineError when the device is not there."""
        if self._process is None:
            self._process = self._new_process()
        return self._process

    def _described(self, environment: dict[str, Any]) -> None:
        """Keep what a new process says it runs in, and see once what the machine's ceilings are."""
        processes = "one a backend" if self.settings.isolate else "one a point"
        self.environment = {**environment, "processes": processes, **self.facts}
        self.run.write_json("environment.json", self.environment | {"revision": self.revision})
        if self.hold:
            self.hold = False
            self._believing = self._ceilings_to_believe_in()

    def _ceilings_to_believe_in(self) -> LimitValidator | None:
        """None where this machine's ceilings are not known; a file that cannot be read costs only the limits."""
        from opbench.ceilings.validation import LimitValidator  # which measures again by plans of this very module

        try:
            known = storage.load_kept(self.environment)
        except UsageError as exc:
            self.reporter.note(str(exc))
            return None
        if known is None:
            self.reporter.note("how close this comes to the machine's limit is not known: `opbench ceilings`, a minute")
            return None
        return LimitValidator(known, self.environment, self._records)

    def _end_process(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None
        if self._isolation is not None:
            self._isolation.close()
