"""Every record as one tidy row, whatever became of it, in SI units: for a spreadsheet, for pandas, for a diff.

Rows are taken one by one and packed by thousands, 400 bytes each, so that a run of any size has its table whole.
Arrow, which writes it, is imported when it has something to write: a report's figures are drawn meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.tables.record_columns import PARTS, REAL, TEXT, ColumnValues, figures, split

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

PACKED = 4096
"""Rows at a time."""


class Collected:
    """The table of the records added so far."""

    def __init__(self) -> None:
        self._rows: list[ColumnValues] = []
        self._packed: list[pa.Table] = []
        self._names: list[dict[str, object]] = [{} for _ in PARTS]
        self._real = set(REAL)
        self._kinds: dict[str, set[type]] = defaultdict(set)  # of the values of each axis
        self._shapes: set[tuple[str, ...]] = set()

    def add(self, record: Record) -> None:
        parts = [part(record) for part in PARTS]
        row: ColumnValues = {}
        for cells in reversed(parts):
            row.update(cells)
        if (shape := tuple(row)) not in self._shapes:  # most records have the names of others
            self._shapes.add(shape)
            self._real.update(figures(record), split(record))
            for names, cells in zip(self._names, parts, strict=True):
                names.update(cells)
        for name, value in record.case.point.axes.items():
            if row[name] is value:  # else a column of ours has the name
                self._kinds[name].add(type(value))
        self._rows.append(row)
        if len(self._rows) == PACKED:
            self._pack()

    def _pack(self) -> None:
        from reports.tables import arrow_table

        names = dict.fromkeys(name for shape in sorted(self._shapes) for name in shape)
        self._packed.append(arrow_table.packed(self._rows, {name: self._dtype(name) for name in names}))
        self._rows = []

    def _dtype(self, name: str) -> str:
        kinds = self._kinds.get(name, set())
        if name in TEXT or str in kinds:
            return "string"
        if name in self._real or float in kinds:
            return "float64"
        return "boolean" if kinds == {bool} else "Int64"

    def table(self) -> pa.Table:
        """Make one row per record in the order they came; what was not measured is missing, never 0."""
        from reports.tables import arrow_table

        self._pack()
        columns = dict.fromkeys(name for names in self._names for name in names)
        return arrow_table.joined(self._packed, {name: self._dtype(name) for name in columns})

    def artifacts(self) -> list[Artifact]:
        from reports.tables import arrow_table

        table = self.table()
        if not len(table):
            return []
        caption = f"{len(table)} rows, one per case whatever became of it; SI units."
        return [
            Artifact("table.csv", "All values (CSV)", caption, arrow_table.csv(table)),
            Artifact("table.parquet", "All values (Parquet)", caption, arrow_table.parquet(table)),
        ]


def collected(records: Iterable[Record]) -> Collected:
    table = Collected()
    for record in records:
        table.add(record)
    return table


def frame(records: Sequence[Record]) -> pd.DataFrame:
    """Make one row per record in the given order; what was not measured is missing, never 0.

    Durations are seconds (`_s`), sizes bytes, rates per second. `low_s` and `high_s` end the 95 % interval of
    the median. `bandwidth_bytes_per_s` and `flops_per_s` divide the operator's least work by the median. Axes,
    sizes, counts, a backend's own figures and the parts of a split call have a column each, missing for records
    without them. What a limit is and what its columns are called: `limit_columns`.
    """
    table: pd.DataFrame = collected(records).table().to_pandas()
    return table


def render(records: Sequence[Record]) -> list[Artifact]:
    return collected(records).artifacts()


REPORT = Report(
    about="every record as one row in SI units, as CSV and Parquet",
    order=40,
    render=render,
    collect=Collected,
)
