"""A table as two files: a fragment of HTML that the page shows, and CSV with the unscaled values for machines."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.report import Artifact
from reports.data import units
from reports.layout.templates import filled


@dataclass(frozen=True)
class TableColumn:
    """A column's head.

    under: small letters below it.
    group: what stands above this and its neighbours of the same group.
    kind: `n` for numbers, `words` for sentences that may wrap, "" for names.
    """

    head: str
    under: str = ""
    group: str = ""
    kind: str = "n"


@dataclass(frozen=True)
class TableCell:
    """What a reader sees, and what a machine reads.

    under: small lines below the text.
    values: CSV column to an unscaled value, in SI units.
    tag: whether it says that something is absent.
    span: columns it takes.
    shade: how dark it is, 0 to 6.
    """

    text: str = ""
    under: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    strong: bool = False
    tag: bool = False
    span: int = 1
    shade: int = 0


ABSENT = "–"
"""The text of a cell that there is no value for."""


@dataclass(frozen=True)
class TableRow:
    """Cells over all columns.

    first: whether a line is drawn above, because something new begins.
    """

    cells: Sequence[TableCell]
    first: bool = False


def table_files(
    stem: str, title: str, caption: str, columns: Sequence[TableColumn], rows: Sequence[TableRow]
) -> list[Artifact]:
    """Write `tables/STEM.html` and `tables/STEM.csv`. Text is escaped: names and reasons come from anywhere.

    Raises ValueError for a row of other than the columns' number.
    """
    html = filled(
        "tabular.html.jinja", groups=_groups(columns), columns=columns, rows=[_placed(row, columns) for row in rows]
    )
    return [
        Artifact(f"tables/{stem}.html", title, caption, html.encode()),
        Artifact(f"tables/{stem}.csv", f"{title} (CSV)", caption, _csv(rows)),
    ]


def _groups(columns: Sequence[TableColumn]) -> list[tuple[str, int]]:
    """Group names with the columns each takes; empty where no column has a group."""
    if not any(column.group for column in columns):
        return []
    return [(name, len(list(members))) for name, members in groupby(columns, key=lambda column: column.group)]


def _placed(row: TableRow, columns: Sequence[TableColumn]) -> tuple[bool, list[tuple[TableCell, str]]]:
    """Each cell with the kind of the column it begins in; one over several columns is words."""
    placed, at = [], 0
    for cell in row.cells:
        placed.append((cell, columns[at].kind if cell.span == 1 else "words"))
        at += cell.span
    if at != len(columns):
        raise ValueError(f"a row of {at} columns in a table of {len(columns)}")
    return row.first, placed


def _csv(rows: Sequence[TableRow]) -> bytes:
    """Values of the same name share a column; a row without that value leaves it empty."""
    lines = [{name: value for cell in row.cells for name, value in cell.values.items()} for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for line in lines for name in line)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def interval_values(name: str, value: Interval) -> dict[str, float]:
    """Name the three numbers of an interval: `NAME`, `NAME_low`, `NAME_high`."""
    return {name: value.mid, f"{name}_low": value.low, f"{name}_high": value.high}


def milliseconds_cell(value: Interval, name: str, *more: str) -> TableCell:
    """Write a duration in milliseconds over its 95 % interval; in the CSV in seconds."""
    ends = f"{units.milliseconds(value.low)} to {units.milliseconds(value.high)}"
    return TableCell(units.milliseconds(value.mid), (ends, *more), interval_values(name, value), strong=True)
