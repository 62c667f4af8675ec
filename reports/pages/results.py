"""The tables of all cases of a page, one for each operator, with a column for whatever sets its points apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opbench.vocabulary.record import Measured, Record
from reports.data.grouping import grouped
from reports.data.naming import common_ground, point_parts
from reports.data.record_cells import Cells, cells
from reports.data.series import is_number

MANY_ROWS = 150
"""From this many rows on, an operator's table starts folded: a phone should not scroll through it."""


@dataclass(frozen=True)
class PlaceColumn:
    """An axis, or the dtype, mode, device or clock, where it differs within an operator."""

    name: str
    number: bool


@dataclass(frozen=True)
class OperatorTable:
    """All cases of one operator.

    ground: what they share.
    columns: of what they do not.
    rows: the values in those columns and the other cells.
    folded: whether it starts folded.
    """

    operator: str
    ground: str
    columns: list[PlaceColumn]
    rows: list[tuple[list[str], Cells]]
    measured: int
    folded: bool


def in_table_order(records: Sequence[Record]) -> list[Record]:
    """The records as `tables` lists them: by operator, the operators in the order they came."""
    return [record for group in _by_operator(records).values() for record in group]


def tables(records: Sequence[Record]) -> list[OperatorTable]:
    """Make a table for each operator, in the order they came."""
    folded = len(records) >= MANY_ROWS
    return [_table(operator, group, folded) for operator, group in _by_operator(records).items()]


def _by_operator(records: Sequence[Record]) -> dict[str, list[Record]]:
    return grouped(records, lambda record: record.case.point.operator)


def _table(operator: str, records: Sequence[Record], folded: bool) -> OperatorTable:
    parts = [point_parts(record.case.point) for record in records]
    names = list(dict.fromkeys(name for row in parts for name in row))
    differing = [name for name in names if len({repr(row.get(name)) for row in parts}) > 1]
    columns = [PlaceColumn(name, all(is_number(row.get(name, 0)) for row in parts)) for name in differing]
    rows = [
        ([str(row.get(name, "")) for name in differing], cells(record))
        for row, record in zip(parts, records, strict=True)
    ]
    ground = common_ground([record.case.point for record in records])
    measured = sum(isinstance(record.outcome, Measured) for record in records)
    return OperatorTable(operator, ground, columns, rows, measured, folded)
