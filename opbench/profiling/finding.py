"""Everything that `opbench profile` asks of one case, one after another; whatever one of them lacks is a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from opbench import catalog
from opbench.environment import describe, revision
from opbench.environment_lines import to_lines
from opbench.errors import MachineError, OpbenchError
from opbench.plan import Task
from opbench.profiling.counted import with_figures
from opbench.profiling.kernel_table import to_csv
from opbench.profiling.place import moved
from opbench.profiling.profiled import Profile
from opbench.profiling.recording import TRACE
from opbench.profiling.traffic import held_against
from opbench.record import Measured, Record, Unavailable
from opbench.reporting import write_report
from opbench.run import Runner
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
PAGE = "profile.html"

Found = TypeVar("Found")

Ask: TypeAlias = "Callable[[Case, float, int], Found]"
"""Of the case, with the seconds it may take and the CPU threads to take."""


@dataclass(frozen=True)
class Wanted:
    """What was asked for beyond the measurement and the trace."""

    ncu: bool = False
    perf: bool = False
    compile_times: bool = False


@dataclass
class Finding:
    """Takes one case to a Profile and writes its files into the run; `refusals` grows with what could not be had.

    run: another one, which has all the files, from when the disk of this one takes no more.
    """

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

    def page(self, profile: Profile) -> Path:
        """The page, beside the report that every run has. Raises MachineError where no disk takes it."""
        self._tried("writing the report", lambda: self._kept(lambda run: write_report(run).page))
        page = catalog.profile_page()(replace(profile, refusals=tuple(self.refusals)))
        return self._kept(lambda run: run.write(PAGE, page.encode()))

    def _completed(self, record: Record) -> Profile:
        profile = Profile(record)
        if isinstance(record.outcome, Measured):
            profile = self._counted(self._traced(profile))
        elif self.wanted.ncu or self.wanted.perf:
            self.refuse("nothing was counted: the case was not measured")
        if self.wanted.compile_times:
            times = self._tried("preparing twice, first with empty caches", lambda: self._asked(_compile, record))
            profile = replace(profile, compile_times=times)
        return replace(profile, resources=self._resources(record), refusals=tuple(self.refusals))

    def _tried(self, doing: str, ask: Callable[[], Found]) -> Found | None:
        self.reporter.note(f"{doing} ...")
        try:
            return ask()
        except Exception as exc:  # noqa: BLE001  (whatever it is, the rest of the profile is there)
            self.refuse(_sentence(doing, exc))
            return None

    def _asked(self, ask: Ask[Found], record: Record) -> Found:
        """In a process that has as many threads as the one that measured."""
        return ask(self.case, self.settings.time_limit_s, record.environment.get("threads", 0))

    def refuse(self, sentence: str) -> None:
        self.refusals.append(sentence)
        self.reporter.note(sentence)

    def _traced(self, profile: Profile) -> Profile:
        found = self._tried("recording a trace", lambda: _trace(profile.record, self.settings.time_limit_s))
        if found is None:
            return profile
        self._written(KERNELS, to_csv(found.kernels))
        trace = TRACE if self._written(TRACE, found.data) else ""
        return replace(profile, kernels=found.kernels, calls=found.calls, peak=found.peak, trace=trace)

    def _written(self, name: str, data: bytes) -> bool:
        """Whether some disk took the file; if not, that is one of the refusals."""
        try:
            self._kept(lambda run: run.write(name, data))
        except MachineError as exc:
            self.refuse(str(exc))
            return False
        return True

    def _kept(self, write: Callable[[Run], Path]) -> Path:
        """What is written to the run, to a temporary one where that does not take it. Raises MachineError as `moved`,
        and where the temporary one does not either.
        """
        try:
            return write(self.run)
        except MachineError as exc:
            self.run, said = moved(self.run, exc)
        self.refuse(said)
        return write(self.run)

    def _counted(self, profile: Profile) -> Profile:
        """Counters of other tools, whose figures the record then carries too."""
        found = []
        for wanted, tool, ask in ((self.wanted.ncu, "Nsight Compute", _ncu), (self.wanted.perf, "perf", _perf)):
            if wanted and (one := self._tried(f"counting with {tool}", partial(self._asked, ask, profile.record))):
                found.append(held_against(profile.record, one))
        record = with_figures(profile.record, tuple(found))
        if record is not profile.record:
            self._written(RECORDS, to_lines([record])[0].encode())
        return replace(profile, record=record, counted=tuple(found))

    def _resources(self, record: Record) -> tuple[KernelResources, ...]:
        """What the kernels take of a GPU, where the backend can say. That it cannot is no news of a case that ran on
        the CPU.
        """
        from opbench.profiling.resources import resources_of

        try:
            return resources_of(self.case)
        except Exception as exc:  # noqa: BLE001  (as in `_tried`)
            ran_on_cpu = self.case.point.device != "cuda" and isinstance(record.outcome, Measured)
            if not (ran_on_cpu and isinstance(exc, MachineError)):
                self.refuse(_sentence("asking what its kernels take of a GPU", exc))
            return ()


def _sentence(doing: str, exc: Exception) -> str:
    """Why, in one line; of what nobody foresaw also where."""
    first = str(exc).strip().partition("\n")[0]
    return first if isinstance(exc, OpbenchError) else f"{doing}: {type(exc).__name__}: {first or 'no reason'}"


def _trace(record: Record, time_limit_s: float) -> Trace:
    from opbench.profiling.traces import trace_of

    return trace_of(record, time_limit_s)


def _ncu(case: Case, time_limit_s: float, threads: int) -> Counted:
    from opbench.profiling.nsight import counted

    return counted(case, time_limit_s, threads)


def _perf(case: Case, time_limit_s: float, threads: int) -> Counted:
    from opbench.profiling.perf_events import counted

    return counted(case, time_limit_s, threads)


def _compile(case: Case, time_limit_s: float, threads: int) -> CompileTimes:
    from opbench.profiling.compiling import compile_times

    return compile_times(case, time_limit_s, threads)
