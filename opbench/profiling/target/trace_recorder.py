"""What `run_case` does for a trace: torch.profiler's, with memory and a range around each call, and the peak memory."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from opbench.device import synchronize
from opbench.profiling.target.launch_calls import warm_up
from opbench.profiling.target.request import TargetRequest, range_name
from opbench.vocabulary.backend import Launch

TRACE_FILE = "trace.json"

WARMUP_S = 0.3
MAX_TOUCHED_BYTES = 512 << 20
MIN_CALLS, MAX_CALLS, TRACED_S = 3, 20, 0.05
"""Calls traced: as many as take so long, within limits. A network of 10 ms leaves 3 MB for 5."""


def record_trace(launch: Launch, request: TargetRequest) -> dict[str, Any]:
    """Leave `trace.json` in the request's folder.

    Return `calls`, and on a CPU the peak growth of the process (`process_bytes`), on a GPU that of the allocator
    (`allocated_bytes`). What the profiler raises passes through.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    device = request.case.point.device
    call_s = warm_up(launch, device, WARMUP_S)
    calls = request.calls or min(max(round(TRACED_S / call_s), MIN_CALLS), MAX_CALLS)
    _touch_memory(launch, device, calls)
    _trace(launch, request, calls)  # before `_peak_memory` gives back the pages that calls find their memory in
    return {"calls": calls, **_peak_memory(launch, device)}


def _touch_memory(launch: Launch, device: str, calls: int) -> None:
    """Memory for every traced call that has been touched already.

    What the profiler notes between two calls comes to lie in the block that the first gave back, and the second has to
    take another: an output of 6 MiB cost 386 page faults a call, and looked six times as slow as untraced.
    """
    outputs = [launch()]
    size_bytes = sum(output.nbytes for output in outputs)
    outputs += [launch() for _ in range(min(calls, MAX_TOUCHED_BYTES // max(1, size_bytes)))]
    synchronize(device)
    outputs.clear()


def _peak_memory(launch: Launch, device: str) -> dict[str, int]:
    """What one call takes above what was there before it, its output held until the end."""
    if device == "cuda":  # only on a GPU
        import torch

        torch.cuda.reset_peak_memory_stats()
        before_bytes = torch.cuda.memory_allocated()
        output = launch()
        torch.cuda.synchronize()
        del output
        return {"allocated_bytes": torch.cuda.max_memory_allocated() - before_bytes}
    gc.collect()
    with suppress(AttributeError, OSError):  # a C library other than glibc
        ctypes.CDLL(None).malloc_trim(0)  # else the call finds its pages in what earlier ones gave back
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts again from now
    except OSError:
        return {}
    before_bytes = _status_bytes("VmRSS")
    output = launch()
    del output
    return {"process_bytes": max(0, _status_bytes("VmHWM") - before_bytes)}


def _status_bytes(name: str) -> int:
    """Bytes of a line of /proc/self/status."""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _trace(launch: Launch, request: TargetRequest, calls: int) -> None:
    from opbench.measure.split.torch_profiler import tracing_session

    device, name = request.case.point.device, range_name(request.case)
    with tracing_session(device) as profiler:
        for _ in range(calls):
            with _named_range(name, device):
                output = launch()
                synchronize(device)
            del output
    profiler.export_chrome_trace(str(request.folder / TRACE_FILE))


@contextmanager
def _named_range(name: str, device: str) -> Iterator[None]:
    """A range in the profiler's trace; on a GPU an NVTX range too, for tools that look on from outside."""
    import torch
    from torch.profiler import record_function

    nvtx: Any = torch.cuda.nvtx if device == "cuda" else None
    with record_function(name):
        if nvtx:  # only on a GPU
            nvtx.range_push(name)
        yield
        if nvtx:  # only on a GPU
            nvtx.range_pop()
