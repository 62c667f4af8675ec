"""A case's trace, recorded by another process, and what it says: kernels and peak memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opbench.errors import MachineError
from opbench.profiling.kernel_table import KernelRow, event_span, kernel_rows, with_rates
from opbench.profiling.target.request import TargetRequest, range_name
from opbench.profiling.target.spawn import run_target, scratch_folder
from opbench.profiling.target.trace_recorder import TRACE_FILE
from opbench.vocabulary.record import Record


@dataclass(frozen=True)
class PeakMemory:
    """Bytes above what was there before one call; None where nobody says.

    allocated_bytes: of the framework's allocator.
    process_bytes: of the whole process; None on a GPU.
    """

    allocated_bytes: int | None
    process_bytes: int | None = None


@dataclass(frozen=True)
class RecordedTrace:
    """A trace and what it says.

    data: the file, as Perfetto opens it.
    calls: traced ones.
    kernels: those with the most time first.
    """

    data: bytes
    calls: int
    kernels: tuple[KernelRow, ...]
    peak: PeakMemory


def record_trace(record: Record, time_limit_s: float) -> RecordedTrace:
    """Prepare the record's case again and trace a few calls.

    Raises MachineError, in one line, where the disk does not take the trace, the case cannot run, or it takes longer
    than time_limit_s seconds.
    """
    with scratch_folder() as folder:
        request = TargetRequest(record.case, folder, region="trace", threads=record.environment.get("threads", 0))
        answer = run_target(request, time_limit_s).answer_or_raise("trace")
        try:
            data = (folder / TRACE_FILE).read_bytes()
        except OSError as exc:
            raise MachineError(f"trace: PyTorch's profiler left no file ({exc.strerror})") from exc
    return read_trace(data, record, answer)


def read_trace(data: bytes, record: Record, answer: Mapping[str, Any]) -> RecordedTrace:
    """What the file says of the record's case. Raises MachineError for one that is not of a known format."""
    try:
        trace = json.loads(data)
        name = range_name(record.case)
        rows, calls = kernel_rows(trace, name)
        allocated_bytes = answer.get("allocated_bytes") or peak_allocated_bytes(trace, record.case.point.device, name)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as exc:
        raise MachineError(f"trace: its format is not known ({type(exc).__name__}: {exc!s:.200})") from exc
    peak = PeakMemory(allocated_bytes, answer.get("process_bytes"))
    return RecordedTrace(data, calls, tuple(with_rates(rows, record)), peak)


def peak_allocated_bytes(trace: Mapping[str, Any], device: str, range_name: str) -> int | None:
    """Return the most bytes that the framework's allocator held within a launch above what it held when that began.

    None where the trace holds no memory records. Those of a CPU are of device type 0, of CUDA 1.
    """
    device_type = 1 if device == "cuda" else 0
    events = trace["traceEvents"]
    launches = [event_span(event) for event in events if event.get("ph") == "X" and event["name"] == range_name]
    records = sorted(
        (round(1e3 * event["ts"]), event["args"]["Total Allocated"], event["args"]["Bytes"])
        for event in events
        if event.get("name") == "[memory]" and event["args"].get("Device Type") == device_type
    )
    peaks = []
    for launch in launches:
        inside = [(total, size) for time_ns, total, size in records if launch.start_ns <= time_ns <= launch.end_ns]
        if inside:
            first_total, first_size = inside[0]
            peaks.append(max(total for total, _ in inside) - (first_total - first_size))
    return max(peaks, default=None)
