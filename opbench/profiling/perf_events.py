"""Counts what the processor and the kernel count during a case's calls, with Linux perf."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from opbench.case import Case
from opbench.errors import MachineError
from opbench.profiling import perf_counters
from opbench.profiling.counted import Counted
from opbench.profiling.outside import run_once, scratch_folder
from opbench.profiling.perf_counters import Event
from opbench.profiling.request import Request

PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")


def counted(case: Case, time_limit_s: float, threads: int = 0) -> Counted:
    """Cycles, instructions, cache misses, page faults, context switches and CPU time per call, of all threads.

    The counters are on during the calls only: neither preparing nor warming up is in them. Of a case on a GPU it is
    the host that is counted. What the machine does not count is missing, with a note that says why.
    Raises MachineError, in one line, when perf is missing, may not count or counts nothing, when the case cannot run
    here, and when it takes longer than time_limit_s seconds.
    """
    perf = shutil.which("perf")
    if perf is None:
        raise MachineError("perf is not installed (Debian: apt-get install linux-perf; Ubuntu: linux-tools-generic)")
    asked = Request(case, Path(), region="perf", threads=threads)
    refused: tuple[str, ...] = ()
    try:
        events, calls = _run(perf, asked, tuple(perf_counters.FIGURES), time_limit_s)
    except PermissionError as exc:  # perf gives up on all events when it may not have one
        refused = (str(exc),)
        try:
            events, calls = _run(perf, asked, perf_counters.SOFTWARE, time_limit_s)
        except PermissionError as again:
            raise MachineError(str(again)) from None
    figures = perf_counters.figures(events, calls)
    told = (*refused, *perf_counters.notes(events), *_host_only(case))
    if not figures:
        raise MachineError(f"perf counted nothing: {'; '.join(told)}")
    return Counted("perf stat", figures, told)


def _run(perf: str, asked: Request, names: Sequence[str], time_limit_s: float) -> tuple[list[Event], int]:
    """The events and the calls they are of. Raises PermissionError, with our words, where perf may not count these."""
    with scratch_folder() as folder:
        for pipe in ("control", "ack"):
            os.mkfifo(folder / pipe)
        # perf writes 1,50 where the locale does, and its fields are separated by commas.
        ran = run_once(replace(asked, folder=folder), time_limit_s, command(perf, folder, names), {"LC_ALL": "C"})
        if ran.answer is None and (reason := refusal(ran.said, _paranoid())):
            raise reason
        calls = ran.result("perf stat")["calls"]
        return perf_counters.events_of((folder / "counts").read_text(encoding="utf-8")), calls


def command(perf: str, folder: Path, names: Sequence[str]) -> list[str]:
    """The words before the program's: counters off until it asks for them over the folder's pipes."""
    pipes = f"fifo:{folder / 'control'},{folder / 'ack'}"
    words = ["-e", ",".join(names), "-o", str(folder / "counts"), "--delay=-1", f"--control={pipes}"]
    return [perf, "stat", "-x,", *words, "--"]


def refusal(said: str, paranoid: str) -> Exception | None:
    """What perf's complaint means and what to do about it, or None where it has none that we know.

    A PermissionError where it may not count what it was asked for, and may be allowed less; a MachineError otherwise.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if any("Access to performance monitoring" in line or "No permission" in line for line in lines):
        return PermissionError(
            f"perf may not count here: kernel.perf_event_paranoid is {paranoid}; as root, sysctl "
            "kernel.perf_event_paranoid=1, and for a container allow CAP_PERFMON and perf_event_open"
        )
    for line in lines:
        if "unknown option" in line or "syntax error" in line or "perf not found" in line:
            return MachineError(f"this perf cannot do it ({line}); install that of Linux 5.11 or newer")
    return None


def _paranoid() -> str:
    try:
        return PARANOID.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def _host_only(case: Case) -> tuple[str, ...]:
    return () if case.point.device == "cpu" else ("the host's share only: perf does not see the GPU",)
