"""From a trace in Chrome's format to a table of kernels; on a CPU, where operators are what runs, of operators."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from opbench.profiling.kinds import COMPILED, DISPATCH, OTHER, is_work
from opbench.profiling.profiled import KernelRow
from opbench.profiling.split import Own, Span, middle, self_times
from opbench.profiling.timeline import Kernel, kind_of_kernel
from opbench.record import Measured

if TYPE_CHECKING:
    from opbench.record import Record

OUTSIDE = "outside any operator"

_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")

Event = Mapping[str, Any]


def rows_of(trace: Mapping[str, Any], range_name: str) -> tuple[list[KernelRow], int]:
    """Rows with the most time of a launch first, and how many launches were traced.

    Each launch is a range of that name.
    """
    events = [event for event in trace["traceEvents"] if event.get("ph") == "X"]
    ranges = [_span(event) for event in events if event["name"] == range_name and event["cat"] == "user_annotation"]
    kernels = [event for event in events if event.get("cat") in _DEVICE]
    spans = [_span(event) for event in events if event.get("cat") in ("cpu_op", "user_annotation")]
    spans = [span for span in spans if span.name != range_name]
    if not ranges:
        return [], 0
    rows = _of_kernels(kernels, spans, len(ranges)) if kernels else _of_operators(spans, ranges)
    return sorted(rows, key=lambda row: row.calls * row.seconds, reverse=True), len(ranges)


def _span(event: Event) -> Span:
    """The trace counts microseconds with three digits behind the point."""
    start, number = round(1e3 * event["ts"]), int(event.get("args", {}).get("External id", 0))
    return Span(event["name"], start, start + round(1e3 * event["dur"]), number)


def _of_operators(spans: Sequence[Span], ranges: Sequence[Span]) -> list[KernelRow]:
    """Means over the launches in the middle half by duration, which add up."""
    kept = middle(ranges, lambda mark: mark.end - mark.start)
    found: dict[str, list[Own]] = defaultdict(list)
    for mark in kept:
        inside = self_times(span for span in spans if mark.start <= span.start < mark.end)
        rest = mark.end - mark.start - sum(own.ns for own in inside)
        for own in (*inside, Own(OUTSIDE, DISPATCH, rest, 0, 0)):
            found[_called(own)].append(own)
    whole = sum(mark.end - mark.start for mark in kept)
    return [_row(name, mine, len(kept), whole) for name, mine in found.items()]


def _row(name: str, mine: Sequence[Own], launches: int, whole: float) -> KernelRow:
    ns = sum(own.ns for own in mine)
    return KernelRow(name, mine[0].kind, len(mine) / launches, ns / len(mine) / 1e9, ns / whole)


def _called(own: Own) -> str:
    """A compiled graph goes by a hash of 50 letters."""
    return "compiled graph" if own.kind == COMPILED and own.name.startswith("##") else own.name


def _of_kernels(events: Sequence[Event], spans: Sequence[Span], launches: int) -> list[KernelRow]:
    """Kernels of a GPU by name; where they differ in grid or block from call to call, those say so."""
    kinds = {own.number: own.kind for own in self_times(spans)}
    named: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        named[event["name"]].append(event)
    busy = sum(event["dur"] for event in events)
    found = []
    for name, mine in named.items():
        first = mine[0].get("args", {})
        kernel = Kernel(name, 0, 0)
        kind = kind_of_kernel(kernel, kinds.get(int(first.get("External id", 0)), OTHER))
        found.append(
            KernelRow(
                name,
                kind,
                len(mine) / launches,
                median(event["dur"] for event in mine) / 1e6,
                sum(event["dur"] for event in mine) / busy,
                _size(mine, "grid"),
                _size(mine, "block"),
                first.get("registers per thread"),
                first.get("shared memory"),
            )
        )
    return found


def _size(events: Sequence[Event], name: str) -> str:
    """`64 x 8 x 1`, or `several` where the calls differ."""
    found = {tuple(event.get("args", {}).get(name, ())) for event in events}
    return " x ".join(map(str, found.pop())) if len(found) == 1 else "several"


def held_against(rows: Sequence[KernelRow], record: Record) -> list[KernelRow]:
    """The rows, with what the one that does all the work achieves; as they are where several do, or one repeatedly.

    A CPU's operator goes by its part of the split where there is one: while traced, calls do not find their memory in
    the caches, and one of 80 us took 140 to 550.
    """
    working = [row for row in rows if is_work(row.kind)]
    if len(working) != 1 or working[0].calls != 1 or record.work is None or working[0].seconds <= 0:
        return list(rows)
    seconds = _untraced(working[0], record)
    of_limit = None if record.limit is None else record.limit.seconds / seconds
    told = replace(working[0], bytes_per_s=record.work.moved_bytes / seconds, of_limit=of_limit)
    return [told if row is working[0] else row for row in rows]


def _untraced(row: KernelRow, record: Record) -> float:
    outcome = record.outcome
    if record.case.point.device == "cuda" or not isinstance(outcome, Measured) or outcome.split_reason:
        return row.seconds
    return outcome.split.get(row.kind) or row.seconds


def peak_allocated(trace: Mapping[str, Any], device: str, range_name: str) -> int | None:
    """Most bytes that the framework's allocator held within a launch above what it held when that began.

    None where the trace holds no memory records. Those of a CPU are of device type 0, of CUDA 1.
    """
    kind = 1 if device == "cuda" else 0
    events = trace["traceEvents"]
    marks = [_span(event) for event in events if event.get("ph") == "X" and event["name"] == range_name]
    records = [
        (round(1e3 * event["ts"]), event["args"]["Total Allocated"], event["args"]["Bytes"])
        for event in events
        if event.get("name") == "[memory]" and event["args"].get("Device Type") == kind
    ]
    peaks = []
    for mark in marks:
        inside = sorted((at, total, size) for at, total, size in records if mark.start <= at <= mark.end)
        if inside:
            before = inside[0][1] - inside[0][2]
            peaks.append(max(total for _, total, _ in inside) - before)
    return max(peaks) if peaks else None


def to_csv(rows: Sequence[KernelRow]) -> bytes:
    """One line per row under the fields' names; what nobody knows is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(KernelRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue().encode()
