"""A case's trace, recorded by another process, and what it says: kernels and peak memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opbench.errors import MachineError
from opbench.profiling.kernel_table import held_against, peak_allocated, rows_of
from opbench.profiling.outside import run_once, scratch_folder
from opbench.profiling.profiled import KernelRow, PeakMemory
from opbench.profiling.recording import TRACE
from opbench.profiling.request import Request, range_name

if TYPE_CHECKING:
    from opbench.record import Record


@dataclass(frozen=True)
class Trace:
    """data: the file, as Perfetto opens it; kernels and peak: what it says."""

    data: bytes
    calls: int
    kernels: tuple[KernelRow, ...]
    peak: PeakMemory


def trace_of(record: Record, time_limit_s: float) -> Trace:
    """Prepares the record's case again and traces a few calls.

    Raises MachineError, in one line, where the disk does not take the trace, the case cannot run, or it takes longer
    than time_limit_s seconds.
    """
    with scratch_folder() as folder:
        request = Request(record.case, folder, region="trace", threads=record.environment.get("threads", 0))
        answer = run_once(request, time_limit_s).result("trace")
        try:
            data = (folder / TRACE).read_bytes()
        except OSError as exc:
            raise MachineError(f"trace: PyTorch's profiler left no file ({exc.strerror})") from exc
    return _read(data, record, answer)


def _read(data: bytes, record: Record, answer: Any) -> Trace:
    try:
        found = json.loads(data)
        name = range_name(record.case)
        rows, calls = rows_of(found, name)
        allocated = answer.get("allocated_bytes") or peak_allocated(found, record.case.point.device, name)
    except (ValueError, KeyError, TypeError) as exc:
        raise MachineError(f"trace: its format is not known ({type(exc).__name__}: {exc})") from exc
    peak = PeakMemory(allocated, answer.get("process_bytes"))
    return Trace(data, calls, tuple(held_against(rows, record)), peak)
