"""How much memory something takes: what the process's peak grew by, as the kernel counts it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import torch

T = TypeVar("T")

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # proc(5): the peak becomes what is resident now


def peak_growth(body: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """What body() returns, and `peak_bytes`: the most that was resident within it, above what was before.

    Free memory of the allocator is given back first, or it would be taken again unseen. Nothing where the system does
    not count (outside Linux) or may not be asked to count anew.
    """
    _trim()
    try:
        CLEAR.write_text(RESET_PEAK, encoding="ascii")
        before = _field("VmRSS")
    except (OSError, KeyError):
        return body(), {}
    found = body()
    return found, {"peak_bytes": float(max(0, _field("VmHWM") - before))}


def loaded(make: Callable[[], T], run: Callable[[T], object], device: str) -> tuple[T, dict[str, float]]:
    """make()'s model, after one run of it, with `load_s`, the seconds of make(), and `peak_bytes` of both.

    On a GPU the peak is that of PyTorch's allocator.
    """
    took: list[float] = []

    def body() -> T:
        start = perf_counter()
        model = make()
        took.append(perf_counter() - start)
        run(model)
        return model

    found, growth = peak_growth(body) if device == "cpu" else _peak_on_gpu(body)
    return found, {"load_s": took[0], **growth}


def _peak_on_gpu(body: Callable[[], T]) -> tuple[T, dict[str, float]]:
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    found = body()
    torch.cuda.synchronize()
    return found, {"peak_bytes": float(torch.cuda.max_memory_allocated() - before)}


def _field(name: str) -> int:
    """Bytes of a line such as `VmRSS:  1234 kB`. Raises KeyError where there is none."""
    for line in STATUS.read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) << 10
    raise KeyError(name)


def _trim() -> None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
