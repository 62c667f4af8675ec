"""What tests measured, for the end of a pytest run: a row a case and no reasons, which stand with their tests."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from opbench.cli.plain import plain
from opbench.vocabulary.record import Measured, Record
from reports.data.grouping import grouped
from reports.data.naming import point_names
from reports.data.record_cells import cells

HEAD = ("test", "point", "callable", "median", "±", "")
NUMBERS = frozenset({"median", "±"})


def tests_table(records: Sequence[Record]) -> Table:
    """By test and point; what stands twice below each other is said once."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for head in HEAD:
        table.add_column(head, overflow="fold", justify="right" if head in NUMBERS else "left")
    name = point_names(record.case.point for record in records)
    above = ("", "")
    for of_test in grouped(records, lambda record: record.case.point.operator).values():
        for record in of_test:
            place = record.case.point.operator, name(record.case.point)
            new = (place[0] if place[0] != above[0] else "", place[1] if place != above else "")
            table.add_row(*(Text(plain(text)) for text in (*new, *_cells(record))))
            above = place
    return table


def _cells(record: Record) -> tuple[str, str, str, str]:
    row = cells(record)
    if not isinstance(record.outcome, Measured):
        return row.backend, "-", "-", row.headline
    return row.backend, row.median, row.spread.removeprefix("±"), "contended" if record.outcome.contention else ""
