"""The CPU threads a point asks for, where its operator has an axis of that name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from opbench import Axis
from opbench.errors import UsageError

THREADS = Axis("threads", "CPU threads inside an operator of the runtime; 0 is PyTorch's choice", default=0, minimum=0)
"""For operators whose backends heed it in `prepare`."""

_BEFORE: list[int] = []
"""The process's own number, while a point's stands in its place."""


def threads_of(axes: Mapping[str, int]) -> int:
    """How many threads an operator of a runtime may use; where the axis is 0 or missing, the process's own number.

    Raises UsageError for more than the machine has cores: they would take turns, and the times be the scheduler's.
    """
    threads, cores = _asked(axes), os.cpu_count() or 1
    if threads > cores:
        raise UsageError(f"threads is {threads}; expected 0 (PyTorch's choice) to {cores}, this machine's cores")
    return threads or (_BEFORE[0] if _BEFORE else torch.get_num_threads())


def use_threads(axes: Mapping[str, int]) -> None:
    """Lets PyTorch use that many from now on: a point's backends are prepared, checked and timed under its number.

    A later point that asks for none gets what the process had before one did. Raises as `threads_of`.
    """
    threads = threads_of(axes)
    if not _asked(axes):
        _BEFORE.clear()
    elif not _BEFORE:
        _BEFORE.append(torch.get_num_threads())
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """For what is not timed and made of many small pieces, such as depthwise convolutions in float64.

    PyTorch computes these a channel at a time and its threads meet after each, spinning. Beside other busy processes
    StarNet-S1 at 224 took 20 s on two threads of two cores so, and 0.2 s on one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _asked(axes: Mapping[str, int]) -> int:
    return axes.get(THREADS.name, 0)
