"""Runs calls under torch.profiler's operator events, groups of them in turns with groups that are not observed.

Both kinds alternate within one session of the profiler: this machine's memory moves between two speeds within seconds,
so that a profile can only be held against calls made within the same milliseconds. Launches that were timed in turns
take turns here too, in groups as long as the clock's samples: what one leaves in the caches and how its threads are
left spinning is part of the next one's time. In a row of its own an ACH module of 340 us took 13 % less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter_ns
from typing import Any, NamedTuple

from opbench.profiling.observers import RANGE, events_of, mark, observe, session
from opbench.profiling.split import Group, Span
from opbench.timing.sampler import no_garbage_collection

MOST_SPANS, IN_A_GROUP = 4_000, 400
"""Spans in all groups but the least number, and in one: reading one takes 4 us."""

LEAST_GROUPS, MOST_GROUPS = 3, 12

COVERED_NS = 15_000_000
"""Time of the plain groups in all, where the numbers above leave a choice."""

LONG_NS = 8_000_000
"""A group that took longer has fewer calls from then on: beside foreign load a call can take a hundred medians,
and a group of 20 calls of 8 ms would cost seconds.
"""

MOST_NS = 150_000_000
"""After so long for every launch no round begins but the least number: calls beside foreign load take many times their
median.
"""


class Plan(NamedTuple):
    """calls: in a group; groups: of each kind; led: whether a call that is not timed comes before each group."""

    calls: int
    groups: int
    led: bool = False


class Sample(NamedTuple):
    """Of a plain group. ns: of one call."""

    calls: int
    ns: float


def plan_for(call_s: float, spans: int, calls: int, led: bool = False) -> Plan:
    """For calls of so many seconds and spans each, of which the clock's samples group `calls`.

    Of 4 us and 2 spans 10 groups of 200, of 20 ms and 1500 spans 3 groups of 1.
    """
    grouped = max(1, min(calls, IN_A_GROUP // max(spans, 1)))
    wanted = min(COVERED_NS / (grouped * call_s * 1e9), MOST_SPANS / (grouped * max(spans, 1)))
    return Plan(grouped, int(min(max(wanted, LEAST_GROUPS), MOST_GROUPS)), led)


def traced(launch: Callable[[], Any], plan: Plan, now: Callable[[], int] = perf_counter_ns) -> list[Group]:
    """The groups of one launch alone."""
    return all_traced({"": launch}, {"": plan}, now=now)[""]


def _untold(_: str) -> None:
    return None


def all_traced(
    launches: Mapping[str, Callable[[], Any]],
    plans: Mapping[str, Plan],
    tell: Callable[[str], None] = _untold,
    now: Callable[[], int] = perf_counter_ns,
) -> dict[str, list[Group]]:
    """Rounds over all launches, one plain and one observed in turns; launches whose groups are done keep running.

    tell(name): called before every group. now: the clock of the plain groups, in nanoseconds. Raises whatever a launch
    or the profiler does; observers are left as they were.
    """
    plain: dict[str, list[Sample]] = {name: [] for name in launches}
    rounds = max(plan.groups for plan in plans.values())
    with no_garbage_collection(), session() as profile:
        try:
            began = now()
            for at in range(rounds):
                if at >= LEAST_GROUPS and now() - began > MOST_NS * len(launches):
                    break
                these = {
                    name: plan._replace(calls=_affordable(plan.calls, plain[name])) for name, plan in plans.items()
                }
                for name, launch in launches.items():
                    tell(name)
                    plain[name].append(_plain(launch, these[name], now))
                for name, launch in launches.items():
                    tell(name)
                    _observed(name, launch, these[name], at)
        finally:
            observe(True)
    return _grouped(events_of(profile), plain, plans)


def _affordable(calls: int, plain: Sequence[Sample]) -> int:
    """Fewer calls where the last group took LONG_NS."""
    return min(calls, max(1, int(LONG_NS / max(plain[-1].ns, 1)))) if plain else calls


def _plain(launch: Callable[[], Any], plan: Plan, now: Callable[[], int] = perf_counter_ns) -> Sample:
    observe(False)
    if plan.led:
        launch()
    repeats = range(plan.calls)
    start = now()
    for _ in repeats:
        launch()
    return Sample(plan.calls, (now() - start) / plan.calls)


def _observed(name: str, launch: Callable[[], Any], plan: Plan, at: int) -> None:
    """A group that the session sees; a plain one in its place where all of the launch's groups are done."""
    if at >= plan.groups:
        _plain(launch, plan)
        return
    if plan.led:
        launch()
    repeats = range(plan.calls)
    observe(True)
    with mark(f"{RANGE} {name}"):
        for _ in repeats:
            launch()
    observe(False)


def _grouped(
    events: Sequence[Any], plain: Mapping[str, Sequence[Sample]], plans: Mapping[str, Plan]
) -> dict[str, list[Group]]:
    """Spans sorted into the ranges around the groups, and these to their launches."""
    spans = spans_of(events)
    found: dict[str, list[Group]] = {name: [] for name in plain}
    at = [place for place, span in enumerate(spans) if span.name.startswith(RANGE)]
    for first, last in zip(at, [*at[1:], len(spans)], strict=True):
        name = spans[first].name.removeprefix(RANGE).removeprefix(" ")
        sample = plain[name][len(found[name])]
        whole = spans[first].end - spans[first].start
        found[name].append(Group(sample.calls, sample.ns, whole, spans[first + 1 : last]))
    for name, groups in found.items():
        if len(groups) != min(len(plain[name]), plans[name].groups):
            raise RuntimeError(f"the profiler kept {len(groups)} of {plans[name].groups} ranges")
    return found


def spans_of(events: Sequence[Any]) -> list[Span]:
    """What the calling thread did, outer spans before inner ones. Memory records take no time and are left out."""
    thread = next((event.start_thread_id() for event in events if event.name().startswith(RANGE)), None)
    found = (
        Span(event.name(), event.start_ns(), event.end_ns(), event.correlation_id())
        for event in events
        if event.start_thread_id() == thread and event.end_ns() > event.start_ns()
    )
    return sorted(found, key=lambda span: (span.start, -span.end))
