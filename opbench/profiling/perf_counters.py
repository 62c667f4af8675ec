"""What `perf stat -x,` prints, as figures per call and notes; nothing here runs anything."""

from __future__ import annotations

from collections.abc import Iterable
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

SOFTWARE = ("page-faults", "context-switches", "task-clock")
"""What the kernel counts, whatever the processor can."""

SECONDS = {"msec": 1e-3, "usec": 1e-6, "nsec": 1e-9, "": 1e-9}
"""By the unit that perf prints beside task-clock; without one it means nanoseconds."""


@dataclass(frozen=True)
class Event:
    """One line. value: None where it could not be counted, and `refused` then has perf's word for it.

    running: share of the time it was counted; below 1 it shared a counter with others and perf scaled it up.
    user_only: whether the kernel's share is missing, for want of permission.
    """

    name: str
    value: float | None
    refused: str = ""
    running: float = 1.0
    user_only: bool = False


def events_of(text: str) -> list[Event]:
    """The events of `perf stat -x,` output: value, unit, event, run time, percentage running; other lines are none."""
    fields = (line.split(",") for line in text.splitlines() if not line.startswith("#"))
    return [_event(parts) for parts in fields if len(parts) >= 5 and parts[2]]


def _event(parts: list[str]) -> Event:
    value, unit, named, _, running = parts[:5]
    name, _, modifiers = named.partition(":")
    if value.startswith("<"):
        return Event(name, None, value.strip("<>"))
    scale = SECONDS.get(unit, 1.0) if name == "task-clock" else 1.0
    return Event(name, float(value) * scale, running=float(running) / 100, user_only="u" in modifiers)


def figures(events: Iterable[Event], calls: int) -> dict[str, float]:
    """Per call. `perf_llc_miss_bytes` is what loads brought from memory: a line for every miss of the last cache."""
    counted = {event.name: event.value / calls for event in events if event.value is not None and _meant(event)}
    found = {FIGURES[name]: value for name, value in counted.items() if name in FIGURES}
    if "perf_llc_load_misses" in found:
        found["perf_llc_miss_bytes"] = found["perf_llc_load_misses"] * LINE_BYTES
    return found


def _meant(event: Event) -> bool:
    """A context switch happens in the kernel: counted in user space only, there is never one."""
    return not (event.user_only and event.name == "context-switches")


def notes(events: Iterable[Event]) -> tuple[str, ...]:
    """What was not counted, and what was counted in part; a line for each reason."""
    listed = list(events)
    said: list[str] = []
    for refused in dict.fromkeys(event.refused for event in listed if event.refused):
        names = ", ".join(event.name for event in listed if event.refused == refused)
        said.append(f"{names}: {refused}{_REASONS.get(refused, '')}")
    said += [
        f"{event.name}: counted {event.running:.0%} of the time and scaled up by perf"
        for event in listed
        if event.value is not None and event.running < 1
    ]
    if any(event.user_only for event in listed):
        said.append("counted in user space only, context-switches not at all; sysctl kernel.perf_event_paranoid=1")
    return tuple(said)


_REASONS = {
    "not supported": " by this machine: a virtual one without the processor's counters, or a processor without them",
    "not counted": ": they never ran while the calls did; another profiler may hold the counters",
}
