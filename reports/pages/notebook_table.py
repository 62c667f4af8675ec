"""The results as a table for a notebook: the columns of the terminal's, as HTML without styles or scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from opbench.vocabulary.record import Record
from reports.data.naming import point_names
from reports.data.record_cells import cells

HEAD = ("point", "backend", "median", "95 % interval", "FLOP/s", "B/s", "limit", "note")


def html_table(records: Sequence[Record]) -> str:
    """One row per record; whatever names and reasons hold, it is text."""
    name = point_names(record.case.point for record in records)
    rows = [_row(name(record.case.point), record) for record in records]
    shown = [column for column in range(len(HEAD)) if any(row[column] for row in rows)]
    head = "".join(f"<th>{escape(HEAD[column])}</th>" for column in shown)
    body = "".join(f"<tr>{''.join(f'<td>{escape(row[column])}</td>' for column in shown)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(point: str, record: Record) -> tuple[str, ...]:
    row = cells(record)
    note = row.reason if row.measured else f"{row.headline}: {row.reason}"
    return point, row.backend, row.median, row.interval, row.flops, row.bandwidth, row.limit, note
