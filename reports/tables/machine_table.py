"""Arithmetic and costs of the machine as a table: the best that was sustained, and the spread over the rounds."""

from __future__ import annotations

from collections.abc import Sequence

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.grouping import grouped
from reports.data.machine_records import ARITHMETIC, COSTS, best_rate, best_time
from reports.data.series import settled
from reports.layout.table_files import ABSENT, TableCell, TableColumn, TableRow, interval_values, table_files

COLUMNS = (
    TableColumn("What", kind=""),
    TableColumn("By", kind=""),
    TableColumn("Best sustained"),
    TableColumn("Over the rounds", "worst round and best sample"),
    TableColumn("Rounds"),
)

Key = tuple[str, str, str, str]


def render(records: Sequence[Record]) -> list[Artifact]:
    """Make the table; [] without records of the machine itself."""
    rounds = grouped(filter(_is_shown, settled(records)), _key)
    if not rounds:
        return []
    rows = [_row(key, rounds[key]) for key in sorted(rounds, key=_order)]
    caption = (
        "Multiply-adds a second (twice as many FLOP/s), and what a call costs before it does anything. Best sustained: "
        "what one sample in ten is quicker than."
    )
    return table_files("machine", "Arithmetic and costs of this machine", caption, COLUMNS, rows)


def _is_shown(record: Record) -> bool:
    return record.case.point.operator in {*ARITHMETIC, *COSTS} and isinstance(record.outcome, Measured)


def _key(record: Record) -> Key:
    """Operator, dtype of arithmetic, device and backend."""
    point = record.case.point
    return point.operator, point.dtype if point.operator in ARITHMETIC else "", point.device, record.case.backend


def _order(key: Key) -> tuple[int, str, str, str]:
    operator, dtype, device, backend = key
    return [*ARITHMETIC, *COSTS].index(operator), dtype, device, backend


def _row(key: Key, records: Sequence[Record]) -> TableRow:
    operator, dtype, device, backend = key
    what = f"{dtype}, {ARITHMETIC[operator]}" if dtype else COSTS[operator]
    cells = _rate(records) if operator in ARITHMETIC else _cost(records, per_page=operator == "fresh_pages")
    return TableRow(
        [
            TableCell(what, values={"operator": operator, "dtype": dtype, "device": device}),
            TableCell(backend, values={"backend": backend}),
            *cells,
            TableCell(str(len(records)), values={"rounds": len(records)}),
        ]
    )


def _rate(records: Sequence[Record]) -> list[TableCell]:
    rate = best_rate(records, [record.work.macs if record.work else 0 for record in records])
    if rate is None:
        return [TableCell(ABSENT), TableCell()]
    ends = f"{units.quantity(rate.low)} to {units.quantity(rate.high)}"
    return _cells(f"{units.quantity(rate.mid)}/s", ends, "multiply_adds_per_s", rate)


def _cost(records: Sequence[Record], *, per_page: bool) -> list[TableCell]:
    time = best_time(records, [_faults(record) if per_page else 1.0 for record in records])
    if time is None:
        return [TableCell(ABSENT), TableCell()]
    return _cells(units.seconds(time.mid), units.seconds_between(time.low, time.high), "cost_s", time)


def _cells(best: str, ends: str, name: str, value: Interval) -> list[TableCell]:
    return [TableCell(best, values=interval_values(name, value), strong=True), TableCell(ends)]


def _faults(record: Record) -> float:
    """Page faults of one call, which are more or less than its pages where the system hands out larger ones."""
    return max(1.0, record.outcome.page_faults_per_call) if isinstance(record.outcome, Measured) else 0.0


REPORT = Report(
    about="the machine's multiply-adds by dtype and its costs of calls and fresh memory, over the rounds",
    order=6,
    render=render,
)
