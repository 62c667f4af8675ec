"""Counts what the processor and the kernel count during a case's calls, with Linux perf."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from opbench.case import Case
from opbench.errors import MachineError
from opbench.profiling.hardware_counters import perf_stat_csv
from opbench.profiling.hardware_counters.counter_values import CounterValues
from opbench.profiling.hardware_counters.perf_stat_csv import PerfEvent
from opbench.profiling.target.request import TargetRequest
from opbench.profiling.target.spawn import run_target, scratch_folder

PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")


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
        events, calls = _run_perf(perf, request, tuple(perf_stat_csv.FIGURES), time_limit_s)
    except PermissionError as exc:  # perf gives up on all events when it may not have one
        denied = (str(exc),)
        try:
            events, calls = _run_perf(perf, request, perf_stat_csv.SOFTWARE_EVENTS, time_limit_s)
        except PermissionError as again:
            raise MachineError(str(again)) from None
    figures = perf_stat_csv.figures_per_call(events, calls)
    notes = (*denied, *perf_stat_csv.event_notes(events), *_host_only_note(case))
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
        calls = target.answer_or_raise("perf stat")["calls"]
        return perf_stat_csv.read_events((folder / "counts").read_text(encoding="utf-8")), calls


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


def _host_only_note(case: Case) -> tuple[str, ...]:
    return () if case.point.device == "cpu" else ("the host's share only: perf does not see the GPU",)
