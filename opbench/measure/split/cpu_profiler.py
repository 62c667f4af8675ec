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

from opbench.measure.split.cpu_split import CallGroup
from opbench.measure.split.torch_profiler import (
    RANGE,
    call_range,
    calling_thread_spans,
    profiler_session,
    session_events,
    set_observing,
)
from opbench.measure.timing.sampler import no_garbage_collection

MAX_SPANS, MAX_SPANS_IN_GROUP = 4_000, 400
"""Spans in all groups but the least number, and in one: reading one takes 4 us."""

MIN_GROUPS, MAX_GROUPS = 3, 12

PLAIN_NS = 15_000_000
"""Time of the plain groups in all, where the numbers above leave a choice."""

LONG_GROUP_NS = 8_000_000
"""A group that took longer has fewer calls from then on: beside foreign load a call can take a hundred medians,
and a group of 20 calls of 8 ms would cost seconds.
"""

MAX_NS_PER_LAUNCH = 150_000_000
"""After so long for every launch no round begins but the least number: calls beside foreign load take many times their
median.
"""

Launches = Mapping[str, Callable[[], Any]]


class GroupPlan(NamedTuple):
    """How often to call one launch.

    calls: in a group.
    groups: of each kind, plain and profiled.
    led: whether a call that is not timed comes before each group.
    """

    calls: int
    groups: int
    led: bool = False


class PlainSample(NamedTuple):
    """A group without the profiler: its calls, and nanoseconds of one."""

    calls: int
    ns: float


def plan_groups(call_s: float, spans: int, calls: int, led: bool = False) -> GroupPlan:
    """Return the plan for calls of `call_s` seconds and `spans` spans each, of which the clock's samples group `calls`.

    Of 4 us and 2 spans 10 groups of 200, of 20 ms and 1500 spans 3 groups of 1.
    """
    grouped = max(1, min(calls, MAX_SPANS_IN_GROUP // max(spans, 1)))
    groups = min(PLAIN_NS / (grouped * call_s * 1e9), MAX_SPANS / (grouped * max(spans, 1)))
    return GroupPlan(grouped, int(min(max(groups, MIN_GROUPS), MAX_GROUPS)), led)


def profile_launch(
    launch: Callable[[], Any], plan: GroupPlan, now: Callable[[], int] = perf_counter_ns
) -> list[CallGroup]:
    """Return the groups of one launch alone; see `profile_launches`."""
    return profile_launches({"": launch}, {"": plan}, now=now)[""]


def profile_launches(
    launches: Launches,
    plans: Mapping[str, GroupPlan],
    announce: Callable[[str], object] = lambda _: None,
    now: Callable[[], int] = perf_counter_ns,
) -> dict[str, list[CallGroup]]:
    """Return the groups by launch, after rounds over all of them, one plain and one profiled in turns.

    A launch whose groups are done keeps running, unobserved.

    announce: called with a launch's name before each of its groups.
    now: the clock of the plain groups, in nanoseconds.
    Raises whatever a launch or the profiler does; observers are left as they were.
    """
    samples: dict[str, list[PlainSample]] = {name: [] for name in launches}
    rounds = max(plan.groups for plan in plans.values())
    with no_garbage_collection(), profiler_session() as session:
        try:
            start_ns = now()
            for index in range(rounds):
                if index >= MIN_GROUPS and now() - start_ns > MAX_NS_PER_LAUNCH * len(launches):
                    break
                shortened = {
                    name: plan._replace(calls=_affordable_calls(plan.calls, samples[name]))
                    for name, plan in plans.items()
                }
                for name, launch in launches.items():
                    announce(name)
                    samples[name].append(_run_plain(launch, shortened[name], now))
                for name, launch in launches.items():
                    announce(name)
                    _run_profiled(name, launch, shortened[name], index)
        finally:
            set_observing(True)
    return _call_groups(session_events(session), samples, plans)


def _affordable_calls(calls: int, samples: Sequence[PlainSample]) -> int:
    """Fewer calls where the last group took LONG_GROUP_NS."""
    return min(calls, max(1, int(LONG_GROUP_NS / max(samples[-1].ns, 1)))) if samples else calls


def _run_plain(launch: Callable[[], Any], plan: GroupPlan, now: Callable[[], int] = perf_counter_ns) -> PlainSample:
    set_observing(False)
    if plan.led:
        launch()
    repeats = range(plan.calls)
    start_ns = now()
    for _ in repeats:
        launch()
    return PlainSample(plan.calls, (now() - start_ns) / plan.calls)


def _run_profiled(name: str, launch: Callable[[], Any], plan: GroupPlan, index: int) -> None:
    """A group that the session sees; a plain one in its place where all of the launch's groups are done."""
    if index >= plan.groups:
        _run_plain(launch, plan)
        return
    if plan.led:
        launch()
    repeats = range(plan.calls)
    set_observing(True)
    with call_range(f"{RANGE} {name}"):
        for _ in repeats:
            launch()
    set_observing(False)


def _call_groups(
    events: Sequence[Any], samples: Mapping[str, Sequence[PlainSample]], plans: Mapping[str, GroupPlan]
) -> dict[str, list[CallGroup]]:
    """Spans sorted into the ranges around the groups, and these to their launches."""
    spans = calling_thread_spans(events)
    groups: dict[str, list[CallGroup]] = {name: [] for name in samples}
    starts = [index for index, span in enumerate(spans) if span.name.startswith(RANGE)]
    for start, end in zip(starts, [*starts[1:], len(spans)], strict=True):
        name = spans[start].name.removeprefix(RANGE).removeprefix(" ")
        sample = samples[name][len(groups[name])]
        groups[name].append(CallGroup(sample.calls, sample.ns, spans[start].duration_ns, spans[start + 1 : end]))
    for name, of_launch in groups.items():
        if len(of_launch) != min(len(samples[name]), plans[name].groups):
            raise RuntimeError(f"the profiler kept {len(of_launch)} of {plans[name].groups} ranges")
    return groups
