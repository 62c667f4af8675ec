"""The results as a table for the command line, made for 100 columns: a row a case, or a row a backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from opbench.cli.plain import plain
from opbench.vocabulary.record import Record
from reports.data.grouping import grouped
from reports.data.limits import IMPOSSIBLE, have_limits
from reports.data.naming import common_ground, point_names
from reports.data.record_cells import Cells, cells
from reports.data.totals import Totals

LONGEST_REASON = 240

SHORT = {"arithmetic": "arith.", "allocation": "alloc."}
BOUND = 6


def terminal_table(records: Sequence[Record]) -> Table:
    """One row per case, by operator and point: backend, median with half its interval, rates; and the share of the
    limit with what bounds it, where a case of the run has a limit.

    A case without a measurement has a number in its note, and the reason stands under the table by that number;
    so does what the points of an operator share.
    """
    reasons: dict[str, int] = {}
    table = _table()
    for name, width in (("operator", 20), ("point", 24)):
        table.add_column(name, overflow="fold", max_width=width)
    table.add_column("backend", no_wrap=True, max_width=24)
    for name in ("median", "±", "FLOP/s", "B/s"):
        table.add_column(name, justify="right", no_wrap=True)
    limits = have_limits(records)
    if limits:
        table.add_column("limit", justify="right", no_wrap=True)
    table.add_column("note", overflow="fold")
    for row in _ordered(records):
        note = _note(row.cells, reasons)
        table.add_row(
            Text(plain(row.operator)),
            Text(plain(row.point)),
            *_texts(row.cells, limits=limits),
            note,
            end_section=row.ends,
        )
    table.caption = _caption(records, reasons)
    return table


def totals_table(totals: Totals) -> Table:
    """One row per backend and setting, of a run with more cases than a table has room for."""
    table = _table()
    for name in ("operator", "setting", "backend"):
        table.add_column(name, overflow="fold")
    for name in ("cases", "measured", "medians"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("not measured", overflow="fold")
    for operator, setting, label, tally in totals.rows:
        words = (operator, setting, label, str(tally.cases), str(tally.measured), tally.medians, tally.others)
        table.add_row(*(Text(plain(word)) for word in words))
    if totals.more_rows:
        table.caption = f"{totals.more_rows} more rows"
    return table


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, caption_justify="left", pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))


@dataclass(frozen=True)
class _ResultRow:
    """One case; `operator` and `point` are empty where the row above has the same. `ends`: its operator's last."""

    operator: str
    point: str
    cells: Cells
    ends: bool


def _ordered(records: Sequence[Record]) -> Iterator[_ResultRow]:
    name = point_names(record.case.point for record in records)
    for operator, group in grouped(records, _operator).items():
        above = None
        points = grouped(group, lambda record: record.case.point)
        for number, record in enumerate((record for point in points.values() for record in point), 1):
            point = record.case.point
            shown = name(point) if point != above else ""
            yield _ResultRow(operator if above is None else "", shown, cells(record), number == len(group))
            above = point


def _texts(row: Cells, *, limits: bool) -> list[Text]:
    """As Text, so that brackets are not read as markup."""
    if not row.measured:
        return [Text(plain(row.backend)), *[Text("-", style="dim")] * (5 if limits else 4)]
    numbers = (row.median, row.spread.removeprefix("±"), row.flops, row.bandwidth)
    share = [Text(_limit(row), style="bold red" if row.impossible else "")] if limits else []
    return [Text(plain(row.backend)), *map(Text, numbers), *share]


def _limit(row: Cells) -> str:
    """The share and, below the others', what bounds it, in as few letters as say it."""
    number, _, bound = row.limit.rpartition(" ")
    return f"{number} {SHORT.get(bound, bound):<{BOUND}}" if bound else ""


def _note(row: Cells, reasons: dict[str, int]) -> Text:
    notes = [] if row.stopped in {"", "target"} else [row.stopped]
    if row.reason:
        headline, text = _kind_and_reason(row)
        number = reasons.setdefault(f"{headline}: {_short(text)}", len(reasons) + 1)
        notes.append(f"{headline.partition(' ')[0]} ({number})")
    return Text(plain(", ".join(notes)), style="dim" if row.measured else "yellow")


def _kind_and_reason(row: Cells) -> tuple[str, str]:
    """What kind of reason the row has, and the reason."""
    if row.impossible:
        return IMPOSSIBLE.removesuffix(":"), row.reason.removeprefix(IMPOSSIBLE).strip()
    return "warning" if row.measured else row.headline, row.reason


def _short(reason: str) -> str:
    """One line of at most LONGEST_REASON characters; the page has the whole."""
    line = " ".join(reason.split())
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 3]}..."


def _caption(records: Sequence[Record], reasons: dict[str, int]) -> Text:
    """The reasons by number, then what each operator's points share."""
    operators = grouped(records, _operator)
    ground = [f"{name}: {common_ground([record.case.point for record in group])}" for name, group in operators.items()]
    numbered = [f"({number}) {reason}" for reason, number in reasons.items()]
    text = Text("\n".join(map(plain, numbered)), style="yellow")
    return text.append("\n" * bool(numbered) + "\n".join(map(plain, ground)), style="dim")


def _operator(record: Record) -> str:
    return record.case.point.operator
