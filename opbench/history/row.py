"""One row of a history: what one process measured of one case at one commit in one environment on one machine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = 1
"""Of a file of rows; in the file's metadata as `opbench.history`."""


@dataclass(frozen=True)
class HistoryRow:
    """Fields are the columns of a file, under the same names.

    source: which kind of file it came from, such as `sweep`.
    case: the key by which it is known over runs; operator to clock: its parts, "" where its source has none.
    axes: JSON, an object of axis values; "{}" for none.
    machine: `Machine.id`. environment: 12 hex digits of `facts`, JSON without what moves by itself.
    commit: in as many hex digits as its source has. dirty: files differed from it. commit_time: None where unknown.
    run: the run's name, the same for all rows of a file. process: its number among the run's processes.
    started: when this was measured, by the clock of its machine.
    median_s, low_s, high_s: seconds a call: the median of `samples` samples and their quartiles.
    contended: taken while others used the processors.
    """

    source: str
    case: str
    operator: str
    backend: str
    dtype: str
    device: str
    mode: str
    clock: str
    axes: str
    machine: str
    environment: str
    facts: str
    commit: str
    dirty: bool
    commit_time: datetime | None
    run: str
    process: int
    started: datetime | None
    median_s: float
    low_s: float
    high_s: float
    samples: int
    contended: bool


NAMES = tuple(field.name for field in fields(HistoryRow))

FEW: tuple[str, ...] = ("source", "case", "operator", "backend", "dtype", "device", "mode", "clock", "axes")
FEW += ("machine", "environment", "facts", "commit", "run")
"""Columns of text with few values a file: kept as dictionaries, so that a million rows of them take megabytes."""


NO_SETTING: dict[str, Any] = dict.fromkeys(("backend", "dtype", "device", "mode", "clock"), "")
"""Columns of what is no case of a sweep."""


def arrow_schema() -> pa.Schema:
    """Names and types of a file's columns; times in UTC, to the microsecond."""
    import pyarrow as pa  # 0.3 s, which who only names things need not wait for

    time, text = pa.timestamp("us", tz="UTC"), pa.dictionary(pa.int32(), pa.string())
    numbers = {"process": pa.int32(), "samples": pa.int32()}
    others = {"dirty": pa.bool_(), "contended": pa.bool_(), "commit_time": time, "started": time}
    kinds = dict.fromkeys(FEW, text) | numbers | others
    return pa.schema([pa.field(name, kinds.get(name, pa.float64())) for name in NAMES])


def json_object(text: str) -> Mapping[str, Any]:
    """Of a column of JSON (`facts`, `axes`); empty for text that is no JSON object, as of a file made elsewhere."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def quartiles(samples_s: Sequence[float]) -> tuple[float, float, float]:
    """Median, first and third quartile of samples, which are positive and finite; (p50, p25, p75), seconds."""
    low, middle, high = np.percentile(np.asarray(samples_s, dtype=np.float64), (25, 50, 75))
    return float(middle), float(low), float(high)
