"""The CPU threads a point asks for, where its operator has an axis of that name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache

import torch

from opbench import Axis
from opbench.errors import UsageError

THREADS = Axis("threads", "CPU threads inside an operator of the runtime; 0 is PyTorch's choice", default=0, minimum=0)


def threads_of(axes: Mapping[str, int]) -> int:
    """How many threads an operator of a runtime may use; where the axis is 0 or missing, what the process began with.

    Raises UsageError for more than the machine has cores.
    """
    asked, cores = axes.get("threads", 0), os.cpu_count() or 1
    if asked > cores:
        raise UsageError(f"threads is {asked}; expected at most {cores}, this machine's cores")
    return asked or _at_first()


def use_threads(axes: Mapping[str, int]) -> None:
    """Lets PyTorch use that many from now on. Raises as `threads_of`."""
    wanted = threads_of(axes)
    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)


@lru_cache(maxsize=1)
def _at_first() -> int:
    """What the process had before any point asked for a number."""
    return torch.get_num_threads()
