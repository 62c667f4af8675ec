"""Records a trace of a case's calls in a process of its own: torch.profiler's, with memory, a range around each call.

    python -m opbench.profiling.recording REQUEST    (JSON of a `Request`; other words before it are ignored)

It leaves `trace.json` in the request's folder, and an answer beside it: `calls`, and on a CPU the peak growth of the
process (`process_bytes`), on a GPU that of the allocator (`allocated_bytes`); or `error`, one line.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opbench.errors import MachineError, OpbenchError
from opbench.profiling.request import Request, range_name, request_from_json

if TYPE_CHECKING:
    from opbench.backend import Launch
    from opbench.case import Case

TRACE = "trace.json"

WARM_S = 0.3
TOUCHED_BYTES = 512 << 20
LEAST, MOST, COVERED_S = 3, 20, 0.05
"""Calls traced: as many as take so long, within limits. A network of 10 ms leaves 3 MB for 5."""


def record(request: Request) -> dict[str, Any]:
    """The answer. Whatever the backend or the profiler raises passes through."""
    import torch

    torch.set_grad_enabled(False)
    launch, device = _prepared(request.case), request.case.point.device
    seconds = _warm_up(launch, device)
    calls = request.calls or min(max(round(COVERED_S / seconds), LEAST), MOST)
    _touch(launch, device, calls)
    _trace(launch, request, calls)  # before `_peak` gives back the pages that calls find their memory in
    return {"calls": calls, **_peak(launch, device)}


def _prepared(case: Case) -> Launch:
    """The launch of a case that was measured already."""
    import torch

    from opbench import catalog
    from opbench.record import Unavailable

    operator, backend = catalog.operator(case.point.operator), catalog.backend(case.point.operator, case.backend)
    if isinstance(backend, Unavailable):
        raise MachineError(f"{case.backend}: {backend.reason}")
    inputs, out = operator.inputs(case.point), None
    if case.point.mode == "out":
        shape = operator.reference(case.point, inputs).shape
        out = torch.empty(shape, dtype=getattr(torch, case.point.dtype), device=case.point.device)
    return backend.prepare(case.point, inputs, out, case.backend.partition(":")[2])


def _warm_up(launch: Launch, device: str) -> float:
    """Seconds of the last call, once WARM_S of them are over and it was called twice."""
    start, calls, seconds = perf_counter(), 0, 0.0
    while calls < 2 or perf_counter() - start < WARM_S:
        before = perf_counter()
        launch()
        _synchronize(device)
        calls, seconds = calls + 1, perf_counter() - before
    return seconds


def _touch(launch: Launch, device: str, calls: int) -> None:
    """Memory for every traced call that has been touched already.

    What the profiler notes between two calls comes to lie in the block that the first gave back, and the second has to
    take another: an output of 6 MiB cost 386 page faults a call, and looked six times as slow as untraced.
    """
    held = [launch()]
    size = sum(one.nbytes for one in held)
    held += [launch() for _ in range(min(calls, TOUCHED_BYTES // max(1, size)))]
    _synchronize(device)
    held.clear()


def _peak(launch: Launch, device: str) -> dict[str, int]:
    """What one call takes above what was there before it, its output held until the end."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        held = launch()
        torch.cuda.synchronize()
        del held
        return {"allocated_bytes": torch.cuda.max_memory_allocated() - before}
    gc.collect()
    with suppress(AttributeError, OSError):  # a C library other than glibc
        ctypes.CDLL(None).malloc_trim(0)  # else the call finds its pages in what earlier ones gave back
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts again from now
    except OSError:
        return {}
    before = _status("VmRSS")
    held = launch()
    del held
    return {"process_bytes": max(0, _status("VmHWM") - before)}


def _status(name: str) -> int:
    """Bytes of a line of /proc/self/status."""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _trace(launch: Launch, request: Request, calls: int) -> None:
    from torch.profiler import ProfilerActivity, profile

    device, name = request.case.point.device, range_name(request.case)
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device == "cuda" else [])]
    with profile(activities=kinds, record_shapes=True, profile_memory=True) as profiler:
        for _ in range(calls):
            with _named(name, device):
                held = launch()
                _synchronize(device)
            del held
    profiler.export_chrome_trace(str(request.folder / TRACE))


@contextmanager
def _named(name: str, device: str) -> Iterator[None]:
    """A range in the profiler's trace; on a GPU an NVTX range too, for tools that look on from outside."""
    import torch
    from torch.profiler import record_function

    nvtx: Any = torch.cuda.nvtx if device == "cuda" else None
    with record_function(name):
        if nvtx:
            nvtx.range_push(name)
        yield
        if nvtx:
            nvtx.range_pop()


def _synchronize(device: str) -> None:
    if device == "cuda":
        import torch

        torch.cuda.synchronize()


def main(text: str) -> int:
    """Answers the request; the exit code is 0, or an error's own."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    request, code = request_from_json(text), 0
    try:
        answer = record(request)
    except OpbenchError as exc:
        answer, code = {"error": str(exc)}, exc.exit_code
    except Exception as exc:  # noqa: BLE001  (a backend's own failure is the answer, and not this process's)
        first = str(exc).strip().partition("\n")[0]
        answer, code = {"error": f"{type(exc).__name__}: {first}"}, MachineError.exit_code
    request.answer.write_text(json.dumps(answer), encoding="utf-8")
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[-1]))
