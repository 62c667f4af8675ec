"""Counts what the processor and the kernel count during a case's calls, with Linux perf; reads what it prints."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opbench.errors import MachineError, first_line
from opbench.profiling.hardware_counters.counter_values import CounterValues
from opbench.profiling.target.request import TargetRequest
from opbench.profiling.target.spawn import run_target, scratch_folder
from opbench.vocabulary.case import Case

PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")

LINE_BYTES = 64
"""Of a cache line, of every x86 and most Arm processors."""

FIGURES = {
    "cycles": "perf_cycles",
    "instructions": "perf_instructions",
    "cache-references": "perf_cache_references",
    "cache-misses": "perf_cache_misses",
    "LLC-load-misses": "perf_llc_load_misses",
    "page-faults": "perf_page_faults",
    "context-switches": "perf_context_switches",
    "task-clock": "perf_task_clock_s",
}
"""perf's events to our figures: five of the processor, few enough for its counters at once, and three of the kernel."""

SOFTWARE_EVENTS = ("page-faults", "context-switches", "task-clock")
"""What the kernel counts, whatever the processor can."""

SECONDS_BY_UNIT = {"msec": 1e-3, "usec": 1e-6, "nsec": 1e-9, "": 1e-9}
"""By the unit that perf prints beside task-clock; without one it means nanoseconds."""

_REFUSALS = {
    "not supported": " by this machine: a virtual one without the processor's counters, or a processor without them",
    "not counted": ": they never ran while the calls did; another profiler may hold the counters",
}


@dataclass(frozen=True)
class PerfEvent:
    """One line.

    value: None where it could not be counted.
    refusal: perf's word for why not.
    running: share of the time it was counted; below 1 it shared a counter with others and perf scaled it up.
    user_only: whether the kernel's share is missing, for want of permission.
    """

    name: str
    value: float | None
    refusal: str = ""
    running: float = 1.0
    user_only: bool = False


def count_with_perf(case: Case, time_limit_s: float, threads: int = 0) -> CounterValues:
    """Count cycles, instructions, cache misses, page faults, context switches and CPU time per call, of all threads.

    The counters are on during the calls only: neither preparing nor warming up is in them. Of a case on a GPU it is
    the host that is counted. What the machine does not count is missing, with a note that says why.
    Raises MachineError, in one line, when perf is missing, may not count or counts nothing, when the case cannot run
    here, and when it takes longer than time_limit_s seconds.
    """
    perf = shutil.which("perf")
    if perf is None:
        raise MachineError("perf is not installed (Debian: apt-get install linux-perf; Ubuntu: linux-tools-generic)")
    request = TargetRequest(case, Path(), region="perf", threads=threads)
    denied: tuple[str, ...] = ()
    try:
        events, calls = _run_perf(perf, request, tuple(FIGURES), time_limit_s)
    except PermissionError as exc:  # perf gives up on all events when it may not have one
        denied = (str(exc),)
        try:
            events, calls = _run_perf(perf, request, SOFTWARE_EVENTS, time_limit_s)
        except PermissionError as again:
            raise MachineError(str(again)) from None
    figures = figures_per_call(events, calls)
    host_only = () if case.point.device == "cpu" else ("the host's share only: perf does not see the GPU",)
    notes = (*denied, *event_notes(events), *host_only)
    if not figures:
        raise MachineError(f"perf counted nothing: {'; '.join(notes)}")
    return CounterValues("perf stat", figures, notes)


def _run_perf(
    perf: str, request: TargetRequest, events: Sequence[str], time_limit_s: float
) -> tuple[list[PerfEvent], int]:
    """The events and the calls they are of. Raises PermissionError, with our words, where perf may not count these."""
    with scratch_folder() as folder:
        for pipe in ("control", "ack"):
            os.mkfifo(folder / pipe)
        # perf writes 1,50 where the locale does, and its fields are separated by commas.
        command = perf_command(perf, folder, events)
        target = run_target(replace(request, folder=folder), time_limit_s, command, {"LC_ALL": "C"})
        if target.answer is None and (reason := perf_refusal(target.output, _paranoid_level())):
            raise reason
        calls = target.calls_or_raise("perf stat")
        return read_counts(folder / "counts"), calls


def perf_command(perf: str, folder: Path, events: Sequence[str]) -> list[str]:
    """Return the words before the program's: counters off until it asks for them over the folder's pipes."""
    pipes = f"fifo:{folder / 'control'},{folder / 'ack'}"
    options = ["-e", ",".join(events), "-o", str(folder / "counts"), "--delay=-1", f"--control={pipes}"]
    return [perf, "stat", "-x,", *options, "--"]


def perf_refusal(output: str, paranoid_level: str) -> Exception | None:
    """Return what perf's complaint means and what to do about it, or None where it has none that we know.

    A PermissionError where it may not count what it was asked for, and may be allowed less; a MachineError otherwise.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("Access to performance monitoring" in line or "No permission" in line for line in lines):
        return PermissionError(
            f"perf may not count here: kernel.perf_event_paranoid is {paranoid_level}; as root, sysctl "
            "kernel.perf_event_paranoid=1, and for a container allow CAP_PERFMON and perf_event_open"
        )
    for line in lines:
        if "unknown option" in line or "syntax error" in line or "perf not found" in line:
            return MachineError(f"this perf cannot do it ({line}); install that of Linux 5.11 or newer")
    return None


def _paranoid_level() -> str:
    try:
        return PARANOID.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def read_counts(file: Path) -> list[PerfEvent]:
    """The events of the file that perf wrote. Raises MachineError for one that it did not write, or not so."""
    try:
        return read_events(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise MachineError(f"perf stat: its counts cannot be read ({first_line(exc):.200})") from exc


def read_events(text: str) -> list[PerfEvent]:
    """Return the events of `perf stat -x,` output: value, unit, event, run time, percentage running; other lines are
    none.
    """
    lines = (line.split(",") for line in text.splitlines() if not line.startswith("#"))
    return [_event(fields) for fields in lines if len(fields) >= 5 and fields[2]]


def _event(fields: list[str]) -> PerfEvent:
    value, unit, event, _, running = fields[:5]
    name, _, modifiers = event.partition(":")
    if value.startswith("<"):
        return PerfEvent(name, None, value.strip("<>"))
    scale = SECONDS_BY_UNIT.get(unit, 1.0) if name == "task-clock" else 1.0
    if not math.isfinite(counted := float(value)):
        raise ValueError(f"{name} is {value}")
    return PerfEvent(name, counted * scale, running=float(running) / 100, user_only="u" in modifiers)


def figures_per_call(events: Iterable[PerfEvent], calls: int) -> dict[str, float]:
    """Return figures per call. `perf_llc_miss_bytes` is what loads brought from memory: a line for every miss of the
    last cache.
    """
    figures = {
        FIGURES[event.name]: event.value / calls
        for event in events
        if event.value is not None and event.name in FIGURES and _is_meaningful(event)
    }
    if "perf_llc_load_misses" in figures:
        figures["perf_llc_miss_bytes"] = figures["perf_llc_load_misses"] * LINE_BYTES
    return figures


def _is_meaningful(event: PerfEvent) -> bool:
    """A context switch happens in the kernel: counted in user space only, there is never one."""
    return not (event.user_only and event.name == "context-switches")


def event_notes(events: Sequence[PerfEvent]) -> tuple[str, ...]:
    """Return what was not counted, and what was counted in part; a line for each reason."""
    notes: list[str] = []
    for refusal in dict.fromkeys(event.refusal for event in events if event.refusal):
        names = ", ".join(event.name for event in events if event.refusal == refusal)
        notes.append(f"{names}: {refusal}{_REFUSALS.get(refusal, '')}")
    notes += [
        f"{event.name}: counted {event.running:.0%} of the time and scaled up by perf"
        for event in events
        if event.value is not None and event.running < 1
    ]
    if any(event.user_only for event in events):
        notes.append("counted in user space only, context-switches not at all; sysctl kernel.perf_event_paranoid=1")
    return tuple(notes)
