"""How much memory it takes to load a model and run it once, and how long the loading.

On a CPU that is the growth of the process's peak resident memory, which the kernel can be told to start anew. What
libraries allocate once for a process, such as their threads' stacks and compiled kernels, falls on whoever is first:
the first of two copies of MobileNetV3-S takes 13.2 MB, the second 11.7.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import torch

T = TypeVar("T")

PROCESS = Path("/proc/self")
START_PEAK_ANEW = "5"
"""Written to `clear_refs`, see proc_pid_clear_refs(5)."""

SLACK = 1 << 20
"""Bytes of a fresh peak above what is resident. If it is more, the kernel took the request and did nothing."""


def loaded(load: Callable[[], T], run: Callable[[T], object], device: str = "cpu") -> tuple[T, dict[str, float]]:
    """What `load` made; `load_s`, the seconds it took; and `peak_bytes`, the growth while that and one `run` went on.

    For a backend's figures. `run` is given what was loaded, and its result is dropped.
    """

    def body() -> tuple[T, float]:
        began = perf_counter()
        result = load()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds = perf_counter() - began
        run(result)
        return result, seconds

    (result, seconds), peak = (_peak_on_gpu if device == "cuda" else peak_growth)(body)
    return result, {"load_s": seconds, **peak}


def peak_growth(body: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """What `body` returns, and `peak_bytes`: the most that was resident within it, above what was before.

    Without `peak_bytes` where the system does not count (outside Linux) or does not start counting anew. Memory that
    was free inside the process is given back first, or a second model would seem to need none.
    """
    _give_back()
    before = _start_anew()
    result = body()
    peak = _status("VmHWM")
    if before is None or peak is None:
        return result, {}
    return result, {"peak_bytes": float(max(0, peak - before))}


def _peak_on_gpu(body: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """The same for what PyTorch's allocator gave out on the GPU; contexts and kernels are no part of it."""
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    result = body()
    torch.cuda.synchronize()
    return result, {"peak_bytes": float(torch.cuda.max_memory_allocated() - before)}


def _give_back() -> None:
    """Collects garbage, and has glibc return every free page; other C libraries keep theirs."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _start_anew() -> int | None:
    """Bytes resident now, which are the peak from here on; None where that cannot be had."""
    try:
        (PROCESS / "clear_refs").write_text(START_PEAK_ANEW, encoding="ascii")
    except OSError:
        return None
    now, peak = _status("VmRSS"), _status("VmHWM")
    return None if now is None or peak is None or peak > now + SLACK else now


def _status(field: str) -> int | None:
    """Bytes of a line such as `VmRSS:  1234 kB` of the process's status; None where there is none."""
    try:
        lines = (PROCESS / "status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    values = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return int(values[0]) * 1024 if values else None
