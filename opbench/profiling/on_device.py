"""Runs synchronised calls on a GPU under torch.profiler, every one beside one that is not observed."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import torch

from opbench.profiling.observers import RANGE, events_of, mark, session
from opbench.profiling.timeline import Call, Kernel
from opbench.profiling.tracing import spans_of

CALLS = 12

_WORK = ("kernel", "gpu_memcpy", "gpu_memset")
"""What the profiler calls the device's own activities; a range drawn by the host is repeated there as another."""

_RANGES = ("cpu_op", "user_annotation")
"""And what it calls operators and ranges; calls of the CUDA runtime are numbered by another count."""


def traced(launch: Callable[[], Any]) -> list[Call]:
    """CALLS calls, each in a session of its own. Raises whatever the launch or the profiler does."""
    with session("cuda"):
        _synchronised(launch)  # the first session loads CUPTI
    return [_call(launch) for _ in range(CALLS)]


def _call(launch: Callable[[], Any]) -> Call:
    torch.cuda.synchronize()
    start = perf_counter_ns()
    _synchronised(launch)
    plain = perf_counter_ns() - start
    with session("cuda") as profile:
        torch.cuda.synchronize()
        with mark():
            _synchronised(launch)
    return call_of(events_of(profile), plain)


def _synchronised(launch: Callable[[], Any]) -> None:
    launch()
    torch.cuda.synchronize()


def call_of(events: list[Any], plain_ns: float) -> Call:
    """The one call among the profiler's events."""
    spans = spans_of([event for event in events if event.activity_type() in _RANGES])
    mark = next(span for span in spans if span.name == RANGE)
    inside = [span for span in spans if span is not mark and mark.start <= span.start < mark.end]
    kernels = [
        Kernel(event.name(), event.start_ns(), event.end_ns(), event.linked_correlation_id())
        for event in events
        if event.activity_type() in _WORK and mark.start <= event.start_ns() < mark.end
    ]
    return Call(plain_ns, mark.start, mark.end, inside, kernels)
