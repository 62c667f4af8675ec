"""Runs calls under torch.profiler's operator events, every group of them beside one that is not observed.

Both kinds of group alternate within one session of the profiler: this machine's memory moves between two speeds within
seconds, so that a profile can only be held against calls made within the same millisecond.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter_ns
from typing import Any, NamedTuple

from opbench.profiling.observers import RANGE, events_of, mark, observe, session
from opbench.profiling.split import Group, Span

GROUP_NS = 500_000
"""A group of calls this long: its first call, which finds the other kind's code and data in the caches, does not show.
With single calls a launch of 32 us through torch.compile took 6 % more than in the clock's longer samples.
"""

LED_NS = 1_000_000
"""Calls shorter than this are led by one that is not timed, for the same reason: 4 % of an ACH module of 63 us."""

MOST_CALLS = 16

MOST_SPANS = 6_000
"""Spans in all groups but the least number: reading one takes 4 us."""

LEAST_GROUPS, MOST_GROUPS = 3, 24

COVERED_NS = 30_000_000
"""Time of the plain groups in all, where the numbers above leave a choice."""

MOST_NS = 150_000_000
"""After this long no group begins but the least number: calls beside foreign load take many times their median."""


class Plan(NamedTuple):
    """calls: in a group; groups: of each kind; led: whether a call that is not timed comes before each."""

    calls: int
    groups: int
    led: bool


def plan_for(call_s: float, spans: int) -> Plan:
    """For calls of so many seconds and spans each: of 4 us and 2 spans 24 groups of 16, of 20 ms 3 groups of 1."""
    call_ns = max(call_s * 1e9, 1.0)
    calls = int(min(max(GROUP_NS // call_ns, 1), MOST_CALLS))
    wanted = min(COVERED_NS // (calls * call_ns), MOST_SPANS // (calls * max(spans, 1)))
    return Plan(calls, int(min(max(wanted, LEAST_GROUPS), MOST_GROUPS)), led=call_ns < LED_NS)


def traced(launch: Callable[[], Any], plan: Plan) -> list[Group]:
    """Groups of calls, all run twice in turns: plain, and observed by the profiler.

    Raises whatever the launch or the profiler does; observers are left as they were.
    """
    plain: list[float] = []
    with _no_garbage_collection(), session() as profile:
        try:
            began = perf_counter_ns()
            while len(plain) < plan.groups:
                if len(plain) >= LEAST_GROUPS and perf_counter_ns() - began > MOST_NS:
                    break
                plain.append(_both_ways(launch, range(plan.calls), plan.led))
        finally:
            observe(True)
    return _grouped(events_of(profile), plain, plan.calls)


def _both_ways(launch: Callable[[], Any], repeats: range, led: bool) -> float:
    """Nanoseconds of one plain call; the observed ones are in the session."""
    observe(False)
    if led:
        launch()
    start = perf_counter_ns()
    for _ in repeats:
        launch()
    plain = (perf_counter_ns() - start) / len(repeats)
    if led:
        launch()
    observe(True)
    with mark():
        for _ in repeats:
            launch()
    return plain


def spans_of(events: list[Any]) -> list[Span]:
    """What the calling thread did, outer spans before inner ones. Memory records take no time and are left out."""
    thread = next((event.start_thread_id() for event in events if event.name() == RANGE), None)
    found = (
        Span(event.name(), event.start_ns(), event.end_ns(), event.correlation_id())
        for event in events
        if event.start_thread_id() == thread and event.end_ns() > event.start_ns()
    )
    return sorted(found, key=lambda span: (span.start, -span.end))


def _grouped(events: list[Any], plain: list[float], calls: int) -> list[Group]:
    """Spans sorted into the ranges around the groups."""
    spans = spans_of(events)
    at = [place for place, span in enumerate(spans) if span.name == RANGE]
    if len(at) != len(plain):
        raise RuntimeError(f"the profiler kept {len(at)} of {len(plain)} ranges")
    return [
        Group(calls, ns, spans[first].end - spans[first].start, spans[first + 1 : last])
        for ns, first, last in zip(plain, at, [*at[1:], len(spans)], strict=True)
    ]


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
