"""From a trace in Chrome's format to a table of kernels; on a CPU, where operators are what runs, of operators."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from statistics import median
from typing import Any

from opbench.measure.split.call_split import middle_half
from opbench.measure.split.kinds import COMPILED, DISPATCH, OTHER, is_work, kernel_kind
from opbench.measure.split.spans import SelfTime, Span, self_times
from opbench.vocabulary.record import Measured, Record

OUTSIDE = "outside any operator"

_DEVICE_CATEGORIES = ("kernel", "gpu_memcpy", "gpu_memset")

TraceEvent = Mapping[str, Any]


@dataclass(frozen=True)
class KernelRow:
    """One kernel, on a CPU one operator, of one call of the launch.

    calls: per launch.
    seconds: of one of them, on a CPU its self time.
    share: of the launch, on a GPU of the time that the device works.
    bytes_per_s, of_limit: the least bytes that the case moves over `seconds`, and the least time it can take on this
        machine over `seconds`, where this row alone does the work.
    """

    name: str
    kind: str
    calls: float
    seconds: float
    share: float
    grid: str = ""
    block: str = ""
    registers: int | None = None
    shared_bytes: int | None = None
    bytes_per_s: float | None = None
    of_limit: float | None = None


def kernel_rows(trace: Mapping[str, Any], range_name: str) -> tuple[list[KernelRow], int]:
    """Return rows with the most time of a launch first, and how many launches were traced.

    range_name: of the range that is drawn around each launch.
    """
    events = [event for event in trace["traceEvents"] if event.get("ph") == "X"]
    kernels = [event for event in events if event.get("cat") in _DEVICE_CATEGORIES]
    spans = [event_span(event) for event in events if event.get("cat") in ("cpu_op", "user_annotation")]
    spans = [span for span in spans if span.name != range_name]
    launches = [
        event_span(event) for event in events if event["name"] == range_name and event["cat"] == "user_annotation"
    ]
    if not launches:
        return [], 0
    rows = _device_rows(kernels, spans, len(launches)) if kernels else _operator_rows(spans, launches)
    return sorted(rows, key=lambda row: row.calls * row.seconds, reverse=True), len(launches)


def event_span(event: TraceEvent) -> Span:
    """Return an event's span. The trace counts microseconds with three digits behind the point."""
    start_ns, correlation_id = round(1e3 * event["ts"]), int(event.get("args", {}).get("External id", 0))
    return Span(event["name"], start_ns, start_ns + round(1e3 * event["dur"]), correlation_id)


def _operator_rows(spans: Iterable[Span], launches: Sequence[Span]) -> list[KernelRow]:
    """Means over the launches in the middle half by duration, which add up."""
    typical = middle_half(launches, lambda launch: launch.duration_ns)
    times: dict[str, list[SelfTime]] = defaultdict(list)
    for launch in typical:
        inside = self_times(span for span in spans if launch.start_ns <= span.start_ns < launch.end_ns)
        outside_ns = launch.duration_ns - sum(span.ns for span in inside)
        for span in (*inside, SelfTime(OUTSIDE, DISPATCH, outside_ns, 0)):
            times[_row_name(span)].append(span)
    total_ns = sum(launch.duration_ns for launch in typical)
    rows = []
    for name, calls in times.items():
        ns = sum(span.ns for span in calls)
        seconds = ns / len(calls) / 1e9
        rows.append(KernelRow(name, calls[0].kind, len(calls) / len(typical), seconds, ns / total_ns))
    return rows


def _row_name(span: SelfTime) -> str:
    """A compiled graph goes by a hash of 50 letters."""
    return "compiled graph" if span.kind == COMPILED and span.name.startswith("##") else span.name


def _device_rows(events: Sequence[TraceEvent], spans: Iterable[Span], launches: int) -> list[KernelRow]:
    """Kernels of a GPU by name; where they differ in grid or block from call to call, those say so."""
    kinds = {span.correlation_id: span.kind for span in self_times(spans)}
    by_name: dict[str, list[TraceEvent]] = defaultdict(list)
    for event in events:
        by_name[event["name"]].append(event)
    busy_us = sum(event["dur"] for event in events)
    rows = []
    for name, calls in by_name.items():
        args, durations_us = calls[0].get("args", {}), [event["dur"] for event in calls]
        rows.append(
            KernelRow(
                name=name,
                kind=kernel_kind(name, kinds.get(int(args.get("External id", 0)), OTHER)),
                calls=len(calls) / launches,
                seconds=median(durations_us) / 1e6,
                share=sum(durations_us) / busy_us,
                grid=_launch_size(calls, "grid"),
                block=_launch_size(calls, "block"),
                registers=args.get("registers per thread"),
                shared_bytes=args.get("shared memory"),
            )
        )
    return rows


def _launch_size(events: Iterable[TraceEvent], name: str) -> str:
    """`64 x 8 x 1`, or `several` where the calls differ."""
    sizes = {tuple(event.get("args", {}).get(name, ())) for event in events}
    return " x ".join(map(str, sizes.pop())) if len(sizes) == 1 else "several"


def with_rates(rows: Sequence[KernelRow], record: Record) -> list[KernelRow]:
    """Return the rows, with the rates of the one that does all the work; as they are where several do, or one
    repeatedly.

    A CPU's operator goes by its part of the split where there is one: while traced, calls do not find their memory in
    the caches, and one of 80 us took 140 to 550.
    """
    working = [row for row in rows if is_work(row.kind)]
    if len(working) != 1 or working[0].calls != 1 or record.work is None or working[0].seconds <= 0:
        return list(rows)
    seconds = _untraced_s(working[0], record)
    of_limit = None if record.limit is None else record.limit.seconds / seconds
    rated = replace(working[0], bytes_per_s=record.work.moved_bytes / seconds, of_limit=of_limit)
    return [rated if row is working[0] else row for row in rows]


def _untraced_s(row: KernelRow, record: Record) -> float:
    outcome = record.outcome
    if record.case.point.device == "cuda" or not isinstance(outcome, Measured) or outcome.split_reason:
        return row.seconds
    return outcome.split.get(row.kind) or row.seconds


def to_csv(rows: Iterable[KernelRow]) -> bytes:
    """Return one line per row under the fields' names; what nobody knows is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(KernelRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue().encode()
