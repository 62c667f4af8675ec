"""Every record as one tidy row, whatever became of it, in SI units: for a spreadsheet, for pandas, for a diff."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from opbench.counting import disagreements
from opbench.interval import Interval, median_interval
from opbench.profiling.split.kinds import NOT_WORK
from opbench.record import Failed, Measured, Mismatch, Record
from opbench.report import Artifact, Report
from reports import limit_columns
from reports.problems import reason, verdict
from reports.terminal import terminal_table

__all__ = ["REPORT", "frame", "terminal_table"]

_TEXT = (
    *("operator", "backend", "label", "dtype", "device", "mode", "clock", "outcome", "phase", "reason"),
    *("stopped", "warnings", "split_reason", "counts_reason", "device_name", "revision", "started"),
    *limit_columns.TEXT,
)
_REAL = (
    *("median_s", "low_s", "high_s", "min_s", "prepare_s", "warmup_s", "sampling_s", "max_abs_error"),
    *("max_rel_error", "bandwidth_bytes_per_s", "flops_per_s"),
    *limit_columns.REAL,
)

Row = dict[str, Any]


def frame(records: Sequence[Record]) -> pd.DataFrame:
    """One row per record in the given order; what was not measured is missing, never 0.

    Durations are seconds (`_s`), sizes bytes, rates per second. `low_s` and `high_s` end the 95 % interval of
    the median. `bandwidth_bytes_per_s` and `flops_per_s` divide the operator's least work by the median. Axes,
    sizes, counts, a backend's own figures and the parts of a split call have a column each, missing for records
    without them.
    What a limit is and what its columns are called: `limit_columns`.
    """
    rows = [_row(record) for record in records]
    columns = list(dict.fromkeys(name for part in _PARTS for record in records for name in part(record)))
    table = pd.DataFrame(rows, columns=columns, dtype=object)
    real = {*_REAL, *(name for record in records for part in (_figures, _split) for name in part(record))}
    return table.astype({name: _dtype(name, real) for name in columns})


def _dtype(column: str, real: set[str]) -> str:
    if column in _TEXT:
        return "string"
    return "float64" if column in real else "Int64"


def _row(record: Record) -> Row:
    """The row's cells. An axis or size named like a column of ours would hide it, so the later part yields."""
    row: Row = {}
    for part in _PARTS:
        for name, value in part(record).items():
            row.setdefault(name, value)
    return row


def _case(record: Record) -> Row:
    case = record.case
    return {"operator": case.point.operator, "backend": case.backend, "replica": case.replica}


def _axes(record: Record) -> Row:
    return dict(record.case.point.axes)


def _sizes(record: Record) -> Row:
    return dict(record.sizes)


def _setting(record: Record) -> Row:
    point = record.case.point
    return {
        "dtype": point.dtype,
        "device": point.device,
        "mode": point.mode,
        "clock": point.clock,
        "outcome": verdict(record.outcome),
        "phase": record.outcome.phase if isinstance(record.outcome, Failed) else None,
        "reason": reason(record.outcome) or None,
    }


def _latency(record: Record) -> Row:
    got = record.outcome if isinstance(record.outcome, Measured) else None
    time = median_interval(got.samples_s) if got else Interval(math.nan, math.nan, math.nan)
    return {
        "median_s": time.mid,
        "low_s": time.low,
        "high_s": time.high,
        "min_s": min(got.samples_s) if got else math.nan,
        "samples": len(got.samples_s) if got else None,
        "calls_per_sample": got.calls_per_sample if got else None,
        "stopped": got.stopped if got else None,
        "prepare_s": got.prepare_s if got else math.nan,
        "warmup_calls": got.warmup_calls if got else None,
        "warmup_s": got.warmup_s if got else math.nan,
        "sampling_s": got.sampling_s if got else math.nan,
        "page_faults": got.page_faults if got else None,
        "preempted": got.preempted if got else None,
        "looks": got.looks if got else None,
        "warnings": "; ".join(got.warnings) or None if got else None,
    } | _rates(record, time.mid)


def _figures(record: Record) -> Row:
    """What the backend measured while it prepared, such as `load_s` and `file_bytes`; not every backend does."""
    return dict(record.outcome.figures) if isinstance(record.outcome, Measured) else {}


def _split(record: Record) -> Row:
    """Where one call's time goes: `dispatch_s`, `allocation_s`, `compute_s` and on a GPU `waiting_s` add up to
    `split_total_s`, and kinds of work, such as `kind_matrix_product_s`, to `compute_s`.
    """
    if not isinstance(record.outcome, Measured) or not record.outcome.split:
        return {}
    split = record.outcome.split
    kinds = {name: value for name, value in split.items() if name not in NOT_WORK}
    return {
        **{f"{name}_s": split[name] for name in NOT_WORK if name in split},
        "compute_s": sum(kinds.values()),
        "split_total_s": sum(split.values()),
        **{f"kind_{re.sub(r'[^a-z0-9]+', '_', name.lower())}_s": value for name, value in kinds.items()},
    }


def _split_reason(record: Record) -> Row:
    reason = record.outcome.split_reason if isinstance(record.outcome, Measured) else ""
    return {"split_reason": reason} if reason else {}


def _rates(record: Record, median_s: float) -> Row:
    work = record.work
    return {
        "bandwidth_bytes_per_s": work.moved_bytes / median_s if work else math.nan,
        "flops_per_s": work.flops / median_s if work else math.nan,
    }


def _work(record: Record) -> Row:
    names = ("macs", "products", "elementwise", "model_macs", "flops", "bytes_read", "bytes_written")
    return {name: getattr(record.work, name) if record.work else None for name in names}


def _counts(record: Record) -> Row:
    return {
        f"{counter}_{name}": value
        for counter, counts in record.counts.items()
        if not isinstance(counts, str)
        for name, value in counts.items()
    }


def _counts_reason(record: Record) -> Row:
    """Which counters have no count, and what the definition and those that have one differ in."""
    silent = [
        f"{counter} has no count: {counts.strip().partition(chr(10))[0]}"
        for counter, counts in record.counts.items()
        if isinstance(counts, str)
    ]
    said = [*silent, *disagreements(record.counts, record.work)]
    return {"counts_reason": "; ".join(said)} if said else {}


def _check(record: Record) -> Row:
    check = record.outcome.check if isinstance(record.outcome, Measured | Mismatch) else None
    return {
        "max_abs_error": check.max_abs_error if check else math.nan,
        "max_rel_error": check.max_rel_error if check else math.nan,
        "misses": check.misses if check else None,
    }


def _origin(record: Record) -> Row:
    name = record.environment.get("device_name")
    return {
        "device_name": None if name is None else str(name),
        "revision": record.revision,
        "started": record.started,
    }


_PARTS: tuple[Callable[[Record], Mapping[str, Any]], ...] = (
    *(
        _case,
        _axes,
        _sizes,
        _setting,
        _latency,
        _figures,
        _split,
        _split_reason,
        _work,
        _counts,
        _counts_reason,
        _check,
        _origin,
    ),
    limit_columns.limit_columns,
)


def render(records: Sequence[Record]) -> list[Artifact]:
    if not records:
        return []
    table = frame(records)
    parquet = io.BytesIO()
    table.to_parquet(parquet, index=False)
    caption = f"{len(table)} rows, one per case whatever became of it; SI units."
    return [
        Artifact("table.csv", "All values (CSV)", caption, table.to_csv(index=False).encode()),
        Artifact("table.parquet", "All values (Parquet)", caption, parquet.getvalue()),
    ]


REPORT = Report(
    about="every record as one row in SI units, as CSV and Parquet",
    order=40,
    render=render,
)
