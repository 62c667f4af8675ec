"""Runs synchronised calls on a GPU under torch.profiler, every one beside one that is not observed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any

from opbench.device import synchronize
from opbench.profiling.split.cuda_timeline import Kernel, SynchronizedCall
from opbench.profiling.split.torch_profiler import (
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


def profile_cuda_calls(launch: Callable[[], Any]) -> list[SynchronizedCall]:
    """Return CALLS calls, each in a session of its own. Raises whatever the launch or the profiler does."""
    with profiler_session("cuda"):
        _synchronized(launch)  # the first session loads CUPTI
    return [_profile_call(launch) for _ in range(CALLS)]


def _profile_call(launch: Callable[[], Any]) -> SynchronizedCall:
    synchronize("cuda")
    start_ns = perf_counter_ns()
    _synchronized(launch)
    plain_ns = perf_counter_ns() - start_ns
    with profiler_session("cuda") as session:
        synchronize("cuda")
        with call_range():
            _synchronized(launch)
    return read_call(session_events(session), plain_ns)


def _synchronized(launch: Callable[[], Any]) -> None:
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
