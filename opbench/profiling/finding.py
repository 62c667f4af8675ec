"""Everything that `opbench profile` asks of one case, one after another; whatever one of them lacks is a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from opbench.codec import to_line
from opbench.environment import describe, revision
from opbench.errors import MachineError
from opbench.profiling.kernel_table import to_csv
from opbench.profiling.profiled import Profile
from opbench.profiling.recording import TRACE
from opbench.record import Measured, Record, Unavailable
from opbench.run import Runner, Task
from opbench.store import RECORDS

if TYPE_CHECKING:
    from opbench.backend import KernelResources
    from opbench.case import Case
    from opbench.profiling.compiling import CompileTimes
    from opbench.profiling.counted import Counted
    from opbench.profiling.traces import Trace
    from opbench.progress import Reporter
    from opbench.settings import Settings
    from opbench.store import Run

KERNELS = "kernels.csv"

Found = TypeVar("Found")


@dataclass(frozen=True)
class Wanted:
    """What was asked for beyond the measurement and the trace."""

    ncu: bool = False
    perf: bool = False
    compile_times: bool = False


@dataclass
class Finding:
    """Takes one case to a Profile and writes its files into the run; `refusals` grows with what could not be had."""

    case: Case
    run: Run
    settings: Settings
    wanted: Wanted
    reporter: Reporter
    refusals: list[str] = field(default_factory=list)

    def measured(self) -> Profile:
        """Measures as a sweep does, then asks everything else. Raises MachineError when the disk is full."""
        runner = Runner(self.run, self.case.point.device, self.settings, self.reporter)
        runner.go([Task(self.case.point, (self.case,))])
        return self._completed(self.run.records()[-1])

    def without_device(self, reason: str) -> Profile:
        """The same where the device is not here at all: the record says so."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        record = Record(self.case, Unavailable(reason), describe("cpu"), revision(), now)
        self.run.append([record])
        return self._completed(record)

    def _completed(self, record: Record) -> Profile:
        profile = Profile(record)
        if isinstance(record.outcome, Measured):
            profile = self._counted(self._traced(profile))
        elif self.wanted.ncu or self.wanted.perf:
            self.refuse("nothing was counted: the case was not measured")
        if self.wanted.compile_times:
            profile = replace(profile, compile_times=self._tried("preparing twice, first with empty caches", _compile))
        return replace(profile, resources=self._resources(record), refusals=tuple(self.refusals))

    def _tried(self, doing: str, ask: Callable[[Finding], Found]) -> Found | None:
        self.reporter.note(f"{doing} ...")
        try:
            return ask(self)
        except MachineError as exc:
            self.refuse(str(exc))
            return None

    def refuse(self, sentence: str) -> None:
        self.refusals.append(sentence)
        self.reporter.note(sentence)

    def _traced(self, profile: Profile) -> Profile:
        record = profile.record

        def ask(finding: Finding) -> Trace:
            from opbench.profiling.traces import trace_of

            return trace_of(record, finding.settings.time_limit_s)

        found = self._tried("recording a trace", ask)
        if found is None:
            return profile
        self.written(KERNELS, to_csv(found.kernels))
        trace = TRACE if self.written(TRACE, found.data) else ""
        return replace(profile, kernels=found.kernels, calls=found.calls, peak=found.peak, trace=trace)

    def written(self, name: str, data: bytes) -> bool:
        """Whether the run took the file; if not, that is one of the refusals."""
        try:
            self.run.write(name, data)
        except MachineError as exc:
            self.refuse(str(exc))
            return False
        return True

    def _counted(self, profile: Profile) -> Profile:
        """Counters of other tools, whose figures the record then carries too."""
        asked = ((self.wanted.ncu, "Nsight Compute", _ncu), (self.wanted.perf, "perf", _perf))
        found = [self._tried(f"counting with {tool}", ask) for wanted, tool, ask in asked if wanted]
        counted = tuple(one for one in found if one is not None)
        record = with_figures(profile.record, counted)
        if record is not profile.record:
            self.run.write(RECORDS, to_line(record).encode())
        return replace(profile, record=record, counted=counted)

    def _resources(self, record: Record) -> tuple[KernelResources, ...]:
        """What the kernels take of a GPU, where the backend can say. That it cannot is no news of a case that ran on
        the CPU.
        """
        from opbench.profiling.resources import resources_of

        try:
            return resources_of(self.case)
        except MachineError as exc:
            if self.case.point.device == "cuda" or not isinstance(record.outcome, Measured):
                self.refuse(str(exc))
            return ()


def with_figures(record: Record, counted: tuple[Counted, ...]) -> Record:
    """The record with what was counted among its figures; the same one where nothing was."""
    figures = {name: value for one in counted for name, value in one.figures.items()}
    if not figures or not isinstance(record.outcome, Measured):
        return record
    return replace(record, outcome=replace(record.outcome, figures={**record.outcome.figures, **figures}))


def _ncu(finding: Finding) -> Counted:
    from opbench.profiling.nsight import counted

    return counted(finding.case, finding.settings.time_limit_s)


def _perf(finding: Finding) -> Counted:
    from opbench.profiling.perf_events import counted

    return counted(finding.case, finding.settings.time_limit_s)


def _compile(finding: Finding) -> CompileTimes:
    from opbench.profiling.compiling import compile_times

    return compile_times(finding.case, finding.settings.time_limit_s)
