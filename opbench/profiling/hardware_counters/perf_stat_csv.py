"""What `perf stat -x,` prints, as figures per call and notes; nothing here runs anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
    return PerfEvent(name, float(value) * scale, running=float(running) / 100, user_only="u" in modifiers)


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
