"""A record as cells of the table of all values: every part makes names and values of a record, in SI units."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from opbench.counting.count import disagreements
from opbench.measure.split.kinds import NOT_WORK
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Failed, Measured, Mismatch, Record
from reports.data.problems import reason, verdict

LIMIT_TEXT = ("bound_by", "memory_level")

LIMIT_REAL = (
    *("limit_s", "limit_quickest_s", "limit_slowest_s", "fraction_of_limit"),
    *("memory_limit_s", "arithmetic_limit_s", "launch_limit_s", "page_faults_priced_s"),
)

TEXT = (
    *("operator", "backend", "label", "dtype", "device", "mode", "clock", "outcome", "phase", "reason"),
    *("stopped", "warnings", "split_reason", "counts_reason", "device_name", "revision", "started"),
    *LIMIT_TEXT,
)
REAL = (
    *("median_s", "low_s", "high_s", "min_s", "prepare_s", "warmup_s", "sampling_s", "max_abs_error"),
    *("max_rel_error", "bandwidth_bytes_per_s", "flops_per_s"),
    *LIMIT_REAL,
)

OF_MEASURED = (
    *("calls_per_sample", "stopped", "prepare_s", "warmup_calls", "warmup_s", "sampling_s"),
    *("page_faults", "preempted", "looks"),
)
"""Columns that are called and filled as the fields of `Measured`."""

ColumnValues = dict[str, Any]


def _case(record: Record) -> ColumnValues:
    case = record.case
    return {"operator": case.point.operator, "backend": case.backend, "replica": case.replica}


def _axes(record: Record) -> ColumnValues:
    return dict(record.case.point.axes.items())


def _sizes(record: Record) -> ColumnValues:
    return dict(record.sizes)


def _setting(record: Record) -> ColumnValues:
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


def _latency(record: Record) -> ColumnValues:
    measured = record.outcome if isinstance(record.outcome, Measured) else None
    time = measured.interval if measured else Interval(math.nan, math.nan, math.nan)
    return {
        "median_s": time.mid,
        "low_s": time.low,
        "high_s": time.high,
        "min_s": measured.quickest_s if measured else math.nan,
        "samples": len(measured.samples_s) if measured else None,
        **{name: getattr(measured, name) if measured else None for name in OF_MEASURED},
        "warnings": "; ".join(measured.warnings) or None if measured else None,
    } | _rates(record, time.mid)


def figures(record: Record) -> ColumnValues:
    """Read what the backend measured while it prepared, such as `load_s` and `file_bytes`; not every backend does."""
    return dict(record.outcome.figures) if isinstance(record.outcome, Measured) else {}


def split(record: Record) -> ColumnValues:
    """Where one call's time goes: `dispatch_s`, `allocation_s`, `compute_s` and on a GPU `waiting_s` add up to
    `split_total_s`, and kinds of work, such as `kind_matrix_product_s`, to `compute_s`.
    """
    if not isinstance(record.outcome, Measured) or not record.outcome.split:
        return {}
    seconds = record.outcome.split
    kinds = {name: value for name, value in seconds.items() if name not in NOT_WORK}
    return {
        **{f"{name}_s": seconds[name] for name in NOT_WORK if name in seconds},
        "compute_s": sum(kinds.values()),
        "split_total_s": sum(seconds.values()),
        **{f"kind_{re.sub(r'[^a-z0-9]+', '_', name.lower())}_s": value for name, value in kinds.items()},
    }


def _split_reason(record: Record) -> ColumnValues:
    reason = record.outcome.split_reason if isinstance(record.outcome, Measured) else ""
    return {"split_reason": reason} if reason else {}


def _rates(record: Record, median_s: float) -> ColumnValues:
    work = record.work
    return {
        "bandwidth_bytes_per_s": work.moved_bytes / median_s if work else math.nan,
        "flops_per_s": work.flops / median_s if work else math.nan,
    }


def _work(record: Record) -> ColumnValues:
    names = ("macs", "products", "elementwise", "model_macs", "flops", "bytes_read", "bytes_written")
    return {name: getattr(record.work, name) if record.work else None for name in names}


def _counts(record: Record) -> ColumnValues:
    return {
        f"{counter}_{name}": value
        for counter, counts in record.counts.items()
        if not isinstance(counts, str)
        for name, value in counts.items()
    }


def _counts_reason(record: Record) -> ColumnValues:
    """Which counters have no count, and what the definition and those that have one differ in."""
    silent = [
        f"{counter} has no count: {counts.strip().partition(chr(10))[0]}"
        for counter, counts in record.counts.items()
        if isinstance(counts, str)
    ]
    reasons = [*silent, *disagreements(record.counts, record.work)]
    return {"counts_reason": "; ".join(reasons)} if reasons else {}


def _check(record: Record) -> ColumnValues:
    check = record.outcome.check if isinstance(record.outcome, Measured | Mismatch) else None
    return {
        "max_abs_error": check.max_abs_error if check else math.nan,
        "max_rel_error": check.max_rel_error if check else math.nan,
        "misses": check.misses if check else None,
    }


def limit_columns(record: Record) -> ColumnValues:
    """All in seconds but `fraction_of_limit`, which is the limit over the median, and two names; missing where the
    machine's ceilings were not measured.

    `limit_s` is the largest of `memory_limit_s` (at the rates of `memory_level`), `arithmetic_limit_s` and
    `launch_limit_s`. `limit_quickest_s` and `limit_slowest_s` are it with every ceiling at the high and at the low end
    of its interval. `page_faults_priced_s`, what the counted page faults cost here, is no part of it, but `bound_by`
    says `allocation` where it is the largest of the four.
    """
    limit = record.limit
    if limit is None:
        return {**dict.fromkeys(LIMIT_TEXT), **dict.fromkeys(LIMIT_REAL, math.nan)}
    share = record.fraction_of_limit
    return {
        "limit_s": limit.seconds,
        "bound_by": limit.bound_by,
        "fraction_of_limit": math.nan if share is None else share,
        "memory_level": limit.level,
        "memory_limit_s": limit.memory_s,
        "arithmetic_limit_s": limit.arithmetic_s,
        "launch_limit_s": limit.launch_s,
        "page_faults_priced_s": limit.allocation_s,
        "limit_quickest_s": limit.quickest_s,
        "limit_slowest_s": limit.slowest_s,
    }


def _origin(record: Record) -> ColumnValues:
    name = record.environment.get("device_name")
    return {"device_name": None if name is None else str(name), "revision": record.revision, "started": record.started}


PARTS: tuple[Callable[[Record], Mapping[str, Any]], ...] = (
    *(_case, _axes, _sizes, _setting, _latency, figures, split, _split_reason, _work),
    *(_counts, _counts_reason, _check, _origin, limit_columns),
)
"""In the order of their columns. An axis or size named like a column of ours would hide it: the later part yields."""
