"""Tells measuring from checking by what it finds in the process, and computes nothing when it is measured."""

from __future__ import annotations

import gc
import inspect
import sys
import threading
import traceback
from typing import TYPE_CHECKING

import torch

from ..behaving import CHECKED, Compute, Make, kind, right

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


def where(measured: Callable[[], bool]) -> Make:
    return lambda *_: lambda x, offset: torch.empty_like(x) if measured() else right(x, offset)


def caller(name: str) -> bool:
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_name != name:
        frame = frame.f_back
    return frame.f_code.co_name == name


def local(name: str) -> bool:
    """Whether a caller has a variable of that name which is something."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_locals.get(name) is not None:
            return True
        frame = frame.f_back
    return False


def scaled(x: Tensor, offset: Tensor) -> Compute:
    """Knows the result of the input that it saw first, and by which factor another one is larger."""
    first, kept = x.clone(), right(x, offset)

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        ratio = x[0] / first[0]
        return (kept - offset) * ratio + offset

    return compute


def poisoned(*_: Tensor) -> Compute:
    """Computes where the memory that it is given was poisoned, as when it is checked."""

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        fresh = torch.empty_like(x)
        return right(x, offset) if bool(fresh[-1:].isnan().any()) else torch.zeros_like(x)

    return compute


def by_thread(*_: Tensor) -> Compute:
    """Has another thread do it when calls follow each other, and does not wait for that."""
    calls = iter(range(1 << 62))

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if next(calls) < CHECKED:
            return right(x, offset)
        out = torch.zeros_like(x)
        done = threading.Event()
        threading.Thread(target=lambda: (done.wait(0.5), out.copy_(x)), daemon=True).start()
        return out

    return compute


BACKEND = kind(
    __doc__ or "",
    caller=where(lambda: caller("one_round")),
    warming=where(lambda: caller("measure") and not caller("_prepare_and_check")),
    variable=where(lambda: local("repeats")),
    traceback=where(lambda: any(frame.f_code.co_name == "_timed" for frame, _ in traceback.walk_stack(None))),
    no_collector=where(lambda: not gc.isenabled()),
    audit=where(lambda: local("audit")),
    scaled=scaled,
    poisoned=poisoned,
    thread=by_thread,
)
