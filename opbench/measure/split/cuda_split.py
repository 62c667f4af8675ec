"""Profiles synchronised calls on a GPU, every one beside one that is not observed, and splits their time.

Host and device work side by side, so self times would count time twice. The call is cut by what the device does
instead: until the first kernel starts it is dispatch, then whatever runs is of the kind of the operator that launched
it, and where nothing runs it is waiting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from time import perf_counter_ns
from typing import Any, NamedTuple

from opbench.device import synchronize
from opbench.measure.split.call_split import Split, mean_parts, middle_half
from opbench.measure.split.kinds import ALLOCATION, DISPATCH, OTHER, WAITING, kernel_kind
from opbench.measure.split.spans import Span, self_times
from opbench.measure.split.torch_profiler import (
    RANGE,
    call_range,
    calling_thread_spans,
    profiler_session,
    session_events,
)

CALLS = 12

_DEVICE_ACTIVITIES = ("kernel", "gpu_memcpy", "gpu_memset")
"""What the profiler calls the device's own activities; a range drawn by the host is repeated there as another."""

_HOST_ACTIVITIES = ("cpu_op", "user_annotation")
"""And what it calls operators and ranges; calls of the CUDA runtime are numbered by another count."""


class Kernel(NamedTuple):
    """What the device ran.

    start_ns, end_ns: nanoseconds of the host's clock.
    correlation_id: of the span that launched it.
    """

    name: str
    start_ns: int
    end_ns: int
    correlation_id: int = 0


@dataclass(frozen=True)
class SynchronizedCall:
    """One call, waited for.

    plain_ns: nanoseconds of one like it without the profiler.
    start_ns, end_ns: of the profiled one.
    """

    plain_ns: float
    start_ns: int
    end_ns: int
    spans: Sequence[Span]
    kernels: Sequence[Kernel]


def profile_cuda_calls(launch: Callable[[], Any]) -> list[SynchronizedCall]:  # only on a GPU
    """Return CALLS calls, each in a session of its own. Raises whatever the launch or the profiler does."""
    with profiler_session("cuda"):
        _synchronized(launch)  # the first session loads CUPTI
    return [_profile_call(launch) for _ in range(CALLS)]


def _profile_call(launch: Callable[[], Any]) -> SynchronizedCall:  # only on a GPU
    synchronize("cuda")
    start_ns = perf_counter_ns()
    _synchronized(launch)
    plain_ns = perf_counter_ns() - start_ns
    with profiler_session("cuda") as session:
        synchronize("cuda")
        with call_range():
            _synchronized(launch)
    return read_call(session_events(session), plain_ns)


def _synchronized(launch: Callable[[], Any]) -> None:  # only on a GPU
    launch()
    synchronize("cuda")


def read_call(events: Sequence[Any], plain_ns: float) -> SynchronizedCall:
    """Return the one call among the profiler's events."""
    spans = calling_thread_spans(event for event in events if event.activity_type() in _HOST_ACTIVITIES)
    call = next(span for span in spans if span.name == RANGE)
    inside = [span for span in spans if span is not call and call.start_ns <= span.start_ns < call.end_ns]
    kernels = [
        Kernel(event.name(), event.start_ns(), event.end_ns(), event.linked_correlation_id())
        for event in events
        if event.activity_type() in _DEVICE_ACTIVITIES and call.start_ns <= event.start_ns() < call.end_ns
    ]
    return SynchronizedCall(plain_ns, call.start_ns, call.end_ns, inside, kernels)


def call_parts(call: SynchronizedCall) -> dict[str, float]:
    """Return nanoseconds by part, adding up to the profiled call. Of overlapping kernels the earlier has the time."""
    kinds = {span.correlation_id: span.kind for span in self_times(call.spans)}
    parts: dict[str, float] = defaultdict(float, {DISPATCH: 0.0, ALLOCATION: 0.0, WAITING: 0.0})
    now_ns, idle_part = call.start_ns, DISPATCH
    for kernel in sorted(call.kernels, key=lambda kernel: kernel.start_ns):
        if kernel.start_ns > now_ns:
            parts[idle_part] += kernel.start_ns - now_ns
            now_ns = kernel.start_ns
        idle_part = WAITING
        busy_ns = min(kernel.end_ns, call.end_ns) - now_ns
        if busy_ns > 0:
            parts[kernel_kind(kernel.name, kinds.get(kernel.correlation_id, OTHER))] += busy_ns
            now_ns += busy_ns
    parts[idle_part] += call.end_ns - now_ns
    return dict(parts)


def split_cuda_calls(calls: Sequence[SynchronizedCall]) -> Split | None:
    """Return means over the middle half of the calls; None where the device ran nothing.

    What the profiler adds, profiled less plain, is the host's doing and taken out of dispatch, as far as that goes.
    """
    if not any(call.kernels for call in calls):
        return None
    typical = middle_half(calls, lambda call: call.end_ns - call.start_ns)
    parts = mean_parts([call_parts(call) for call in typical])
    plain_ns = fmean(call.plain_ns for call in middle_half(calls, lambda call: call.plain_ns))
    added_ns = sum(parts.values()) - plain_ns
    parts[DISPATCH] -= min(max(added_ns, 0.0), parts[DISPATCH])
    return Split({part: ns / 1e9 for part, ns in parts.items()}, plain_ns / 1e9)
