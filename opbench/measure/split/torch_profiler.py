"""PyTorch's profiler and its private switches, in one place: a session, a cheap range, observers on and off, events.

Public ones exist and would not do: `record_function` takes 6 us, more than some launches, and a session that is started
and stopped around every group takes 0.5 ms each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.autograd import profiler

from opbench.measure.split.spans import Span

RANGE = "opbench calls"


def profiler_session(device: str | None = None) -> Any:
    """Return a session of the profiler, as a context manager. device: `cuda` for kernels too.

    It is the class below `torch.profiler.profile`, which would import `torch._inductor`: 0.5 s, once.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # two lines on standard error for every session otherwise
    return profiler.profile(use_kineto=True, use_device=device)


def tracing_session(device: str) -> Any:
    """Return a session that keeps shapes and memory, as a context manager, with `export_chrome_trace(path)`.

    On a CPU it is of the class below again, whose import of PyTorch's compiler would take 1.5 s of a processor; on a
    GPU the class above knows what CUDA graphs need of it.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    if device != "cuda":
        return profiler.profile(use_kineto=True, record_shapes=True, profile_memory=True)
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]  # only on a GPU
    return torch.profiler.profile(activities=activities, record_shapes=True, profile_memory=True)  # only on a GPU


def call_range(name: str = RANGE) -> AbstractContextManager[None]:
    """Return a range to draw around calls, by which their events are found."""
    recorded: AbstractContextManager[None] = torch._C._profiler._RecordFunctionFast(name)  # noqa: SLF001
    return recorded


def set_observing(on: bool) -> None:
    """Within a session: operators are seen, and torch.compile draws its ranges, or neither. It takes 0.1 us."""
    torch._C._autograd._enable_record_function(on)  # noqa: SLF001
    profiler._set_is_profiler_enabled(on)  # noqa: SLF001


def session_events(session: Any) -> list[Any]:
    """Return the events that a session recorded, once it has ended; times are nanoseconds on one clock."""
    events: list[Any] = session.kineto_results.events()
    return events


def calling_thread_spans(events: Iterable[Any]) -> list[Span]:
    """Return what the calling thread did, outer spans before inner ones, without memory records, which take no time."""
    events = list(events)
    thread = next((event.start_thread_id() for event in events if event.name().startswith(RANGE)), None)
    spans = (
        Span(event.name(), event.start_ns(), event.end_ns(), event.correlation_id())
        for event in events
        if event.start_thread_id() == thread and event.end_ns() > event.start_ns()
    )
    return sorted(spans, key=lambda span: (span.start_ns, -span.end_ns))
