"""The profiler's switches that PyTorch keeps private, in one place: a session, a cheap range, observers on and off.

Public ones exist and would not do: `record_function` takes 6 us, more than some launches, and a session that is started
and stopped around every group takes 0.5 ms each time.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.autograd import profiler

RANGE = "opbench calls"


def session(device: str | None = None) -> Any:
    """A session of the profiler, as a context manager. device: `cuda` for kernels too.

    It is the class below `torch.profiler.profile`, which would import `torch._inductor`: 0.5 s, once.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # two lines on standard error for every session otherwise
    return profiler.profile(use_kineto=True, use_device=device)


def events_of(ended: Any) -> list[Any]:
    """The session's events as it recorded them; times are nanoseconds on one clock."""
    found: list[Any] = ended.kineto_results.events()
    return found


def mark(name: str = RANGE) -> AbstractContextManager[None]:
    """A range around what is looked at, by which its events are found."""
    drawn: AbstractContextManager[None] = torch._C._profiler._RecordFunctionFast(name)  # noqa: SLF001
    return drawn


def observe(on: bool) -> None:
    """Within a session: operators are seen, and torch.compile draws its ranges, or neither. It takes 0.1 us."""
    torch._C._autograd._enable_record_function(on)  # noqa: SLF001
    profiler._set_is_profiler_enabled(on)  # noqa: SLF001
