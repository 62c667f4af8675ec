"""Rows and series made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from opbench.history import files
from opbench.history.row import HistoryRow, arrow_schema

BEGIN = datetime(2026, 1, 5, 12, tzinfo=UTC)

ROW = HistoryRow(
    source="sweep",
    case="rowsum/float32/cpu/forward/wall/batch=1/eager",
    operator="rowsum",
    backend="eager",
    dtype="float32",
    device="cpu",
    mode="forward",
    clock="wall",
    axes='{"batch": 1}',
    machine="ci@0a1b2c",
    environment="0" * 12,
    facts='{"versions.torch": "2.12.0"}',
    commit="c" * 12,
    dirty=False,
    commit_time=None,
    run="rows/1",
    process=0,
    started=BEGIN,
    median_s=1e-3,
    low_s=0.9e-3,
    high_s=1.1e-3,
    samples=41,
    contended=False,
)


def commit(number: int) -> str:
    return f"{number:012x}"


def at_commit(number: int, seconds: float, **changes: Any) -> HistoryRow:
    """A row of the numbered commit, a day after the one before."""
    began = BEGIN + timedelta(days=number)
    made: dict[str, Any] = {"commit": commit(number), "started": began, "run": f"rows/{number}"}
    return replace(ROW, median_s=seconds, low_s=0.9 * seconds, high_s=1.1 * seconds, **(made | changes))


def line(values_s: Sequence[float], **changes: Any) -> list[HistoryRow]:
    return [at_commit(number, value, **changes) for number, value in enumerate(values_s)]


def facts(**told: str) -> dict[str, Any]:
    """The columns of an environment."""
    text = json.dumps({f"versions.{name}": version for name, version in told.items()})
    return {"facts": text, "environment": f"{abs(hash(text)) % 16**12:012x}"}


def table_of(rows: Sequence[HistoryRow]) -> pa.Table:
    return pa.Table.from_pylist([vars(row) for row in rows], schema=arrow_schema())


def history(folder: Path, rows: Sequence[HistoryRow]) -> Path:
    """A history with these rows, a file for each run and machine."""
    for run, machine in dict.fromkeys((row.run, row.machine) for row in rows):
        files.add(folder, [row for row in rows if (row.run, row.machine) == (run, machine)])
    return folder
