"""Everything that `opbench profile` asks of one case, one after another; whatever one of them lacks is a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from opbench import catalog
from opbench.cli.progress import Reporter
from opbench.errors import MachineError, OpbenchError, first_line
from opbench.planning.plan import Task
from opbench.process.environment import describe, revision
from opbench.profiling import compile_times, kernel_resources, recorded_trace
from opbench.profiling.case_profile import Profile
from opbench.profiling.hardware_counters import ncu, perf_stat
from opbench.profiling.hardware_counters.counter_values import CounterValues, add_figures, compare_with_work
from opbench.profiling.kernel_table import to_csv
from opbench.profiling.output_folder import copy_to_temporary_run
from opbench.profiling.target.trace_recorder import TRACE_FILE
from opbench.running.reporting import write_report
from opbench.running.runner import Runner
from opbench.store.environment_lines import to_lines
from opbench.store.runs import RECORDS, Run
from opbench.vocabulary.backend import KernelResources
from opbench.vocabulary.case import Case
from opbench.vocabulary.record import Measured, Record, Unavailable
from opbench.vocabulary.settings import Settings

KERNELS_FILE = "kernels.csv"
PAGE_FILE = "profile.html"

T = TypeVar("T")


@dataclass(frozen=True)
class OptionalSteps:
    """What was asked for beyond the measurement and the trace."""

    ncu: bool = False
    perf: bool = False
    compile_times: bool = False


@dataclass
class Profiler:
    """Takes one case to a Profile and writes its files into the run.

    run: another one, which has all the files, from when the disk of this one takes no more.
    refusals: grows with what could not be had.
    """

    case: Case
    run: Run
    settings: Settings
    steps: OptionalSteps
    reporter: Reporter
    refusals: list[str] = field(default_factory=list)

    def profile(self) -> Profile:
        """Measure as a sweep does, then ask everything else. Raises MachineError when the disk is full."""
        runner = Runner(self.run, self.case.point.device, self.settings, self.reporter)
        runner.go([Task(self.case.point, (self.case,))])
        return self._complete(self.run.records()[-1])

    def profile_without_device(self, reason: str) -> Profile:
        """The same where the device is not here at all: the record says so."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        record = Record(self.case, Unavailable(reason), describe("cpu"), revision(), now)
        self.run.append([record])
        return self._complete(record)

    def write_page(self, profile: Profile) -> Path:
        """Write the page, beside the report that every run has. Raises MachineError where no disk takes it."""
        self._try("writing the report", lambda: self._write(lambda run: write_report(run).page))
        render = catalog.shown_by("pages.profile_page.render")
        page = render(replace(profile, refusals=tuple(self.refusals)))
        return self._write(lambda run: run.write(PAGE_FILE, page.encode()))

    def refuse(self, sentence: str) -> None:
        """Keep and tell what could not be had."""
        self.refusals.append(sentence)
        self.reporter.note(sentence)

    def _complete(self, record: Record) -> Profile:
        profile = Profile(record)
        if isinstance(record.outcome, Measured):
            profile = self._with_counters(self._with_trace(profile))
        elif self.steps.ncu or self.steps.perf:
            self.refuse("nothing was counted: the case was not measured")
        if self.steps.compile_times:
            doing = "preparing twice, first with empty caches"
            times = self._try(doing, partial(compile_times.measure_compile_times, *self._target(record)))
            profile = replace(profile, compile_times=times)
        return replace(profile, resources=self._kernel_resources(record), refusals=tuple(self.refusals))

    def _target(self, record: Record) -> tuple[Case, float, int]:
        """The case, the seconds it may take, and as many threads as the process that measured had."""
        return self.case, self.settings.time_limit_s, record.environment.get("threads", 0)

    def _try(self, doing: str, step: Callable[[], T]) -> T | None:
        self.reporter.note(f"{doing} ...")
        try:
            return step()
        except Exception as exc:  # noqa: BLE001  (whatever it is, the rest of the profile is there)
            self.refuse(_refusal(doing, exc))
            return None

    def _with_trace(self, profile: Profile) -> Profile:
        step = partial(recorded_trace.record_trace, profile.record, self.settings.time_limit_s)
        trace = self._try("recording a trace", step)
        if trace is None:
            return profile
        self._write_file(KERNELS_FILE, to_csv(trace.kernels))
        file = TRACE_FILE if self._write_file(TRACE_FILE, trace.data) else ""
        return replace(profile, kernels=trace.kernels, calls=trace.calls, peak=trace.peak, trace=file)

    def _with_counters(self, profile: Profile) -> Profile:
        """What other tools count, whose figures the record then carries too."""
        tools: list[tuple[str, Callable[[Case, float, int], CounterValues]]] = []
        if self.steps.ncu:
            tools.append(("Nsight Compute", ncu.count_with_ncu))
        if self.steps.perf:
            tools.append(("perf", perf_stat.count_with_perf))
        answers = [
            self._try(f"counting with {tool}", partial(count, *self._target(profile.record))) for tool, count in tools
        ]
        counted = tuple(compare_with_work(profile.record, values) for values in answers if values)
        record = add_figures(profile.record, counted)
        if record is not profile.record:
            self._write_file(RECORDS, to_lines([record])[0].encode())
        return replace(profile, record=record, counted=counted)

    def _kernel_resources(self, record: Record) -> tuple[KernelResources, ...]:
        """What the kernels take of a GPU, where the backend can say. That it cannot is no news of a case that ran on
        the CPU.
        """
        try:
            return kernel_resources.kernel_resources_of(self.case)
        except Exception as exc:  # noqa: BLE001  (as in `_try`)
            ran_on_cpu = self.case.point.device != "cuda" and isinstance(record.outcome, Measured)
            if not (ran_on_cpu and isinstance(exc, MachineError)):
                self.refuse(_refusal("asking what its kernels take of a GPU", exc))
            return ()

    def _write_file(self, name: str, data: bytes) -> bool:
        """Whether some disk took the file; if not, that is one of the refusals."""
        try:
            self._write(lambda run: run.write(name, data))
        except MachineError as exc:
            self.refuse(str(exc))
            return False
        return True

    def _write(self, write: Callable[[Run], Path]) -> Path:
        """What is written to the run, to a temporary one where that does not take it.

        Raises MachineError as `copy_to_temporary_run`, and where the temporary one does not take it either.
        """
        try:
            return write(self.run)
        except MachineError as exc:
            self.run, notice = copy_to_temporary_run(self.run, exc)
        self.refuse(notice)
        return write(self.run)


def _refusal(doing: str, exc: Exception) -> str:
    """Why, in one line; of what nobody foresaw also where."""
    reason = first_line(exc)
    return reason if isinstance(exc, OpbenchError) else f"{doing}: {type(exc).__name__}: {reason or 'no reason'}"
