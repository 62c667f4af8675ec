"""What a worker answers about its clock: a warm-up, and slices. Whoever has something to time answers so."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

from opbench.gate.worker.core_isolation import pinned_to_core, undisturbed, untraced
from opbench.gate.worker.cuda_timer import CudaTimer
from opbench.gate.worker.timer import CpuTimer, Timer

TIMERS: dict[str, Callable[[], Timer]] = {"cpu": CpuTimer, "cuda": CudaTimer}


def warm_up(timer: Timer, prepare: Callable[..., float], call: Callable[..., object]) -> dict[str, Any]:
    """seconds: of a call. whole_s: of a sample that cannot be of more than one call, with its setup, or None."""
    with untraced():
        seconds = prepare(call)
    whole_s = getattr(timer, "whole_s", None)
    return {"ready": {"seconds": seconds, "whole_s": whole_s, "launch_mode": getattr(timer, "launch_mode", "")}}


def taken_slice(timer: Timer, calls: int, samples: int, core: int | None, **place: int) -> dict[str, Any]:
    """The fields of Slice but its worker. place: `round` and `order`, which only the caller knows."""
    with pinned_to_core(core), undisturbed():
        before, at_s = resource.getrusage(resource.RUSAGE_SELF), time.time()
        timing = timer.slice(calls, samples)
        after = resource.getrusage(resource.RUSAGE_SELF)
    return place | {
        "at_s": at_s,
        "calls": calls,
        "samples_s": timing.samples_s,
        "cpu_s": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
        "faults": after.ru_minflt - before.ru_minflt,
        "clock_hz": timing.clock_hz,
        "core": core,
    }
