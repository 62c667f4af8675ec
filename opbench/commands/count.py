"""`opbench count`: an operator's arithmetic, by its own definition and by two counters, side by side."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opbench import catalog, operator_files
from opbench.cli.options import DTYPES, one_of
from opbench.cli.progress import Notes
from opbench.counting.count import CountingError, count, disagreements
from opbench.errors import MachineError, unknown
from opbench.vocabulary.case import Axes, AxisValue, Point
from opbench.vocabulary.work import Work

DEFINITION = "definition"

COLUMNS = ("macs", "products", "elementwise", "flops", "bytes_read", "bytes_written")


@dataclass(frozen=True)
class Row:
    """One counter's numbers for one point, or why it has none.

    differences: of the definition's row, all that the accounts of the point differ in.
    """

    point: Point
    sizes: Mapping[str, int]
    by: str
    numbers: Mapping[str, int]
    reason: str = ""
    differences: tuple[str, ...] = ()


def run(operator: str | None, given: Mapping[str, tuple[AxisValue, ...]], dtypes: str | None, as_json: bool) -> int:
    names = [operator_files.one_operator(operator)] if operator else catalog.loadable_operators(Notes(sys.stderr).note)
    _refuse_unknown(names, given)
    rows = list(_all_rows(names, given, one_of("dtype", dtypes, DTYPES)))
    if as_json:
        for row in rows:
            facts = {"case": row.point.key, "by": row.by, **row.sizes, **row.numbers}
            said = {"reason": row.reason} if row.reason else {}
            print(json.dumps(facts | said | ({"differences": row.differences} if row.differences else {})))
    else:
        _print(rows)
    return 1 if any(row.differences for row in rows) else 0


def _refuse_unknown(names: Sequence[str], given: Mapping[str, Any]) -> None:
    """An axis may be missing from some of several operators, but not from all."""
    known = {axis.name for name in names for axis in catalog.operator(name).axes}
    for name in given:
        if name not in known:
            raise unknown("axis", name, known, f"of {', '.join(names)}")


def _all_rows(names: Sequence[str], given: Mapping[str, tuple[AxisValue, ...]], dtypes: Sequence[str]) -> Iterator[Row]:
    """Of several operators those that this machine has the libraries for; of one, MachineError without."""
    for name in names:
        try:
            yield from _rows(name, given, dtypes)
        except MachineError as exc:
            if len(names) == 1:
                raise
            print(f"{name} left out: {exc}", file=sys.stderr)


def _rows(name: str, given: Mapping[str, tuple[AxisValue, ...]], dtypes: Sequence[str]) -> Iterator[Row]:
    operator = catalog.operator(name)
    own = {axis: values for axis, values in given.items() if axis in {one.name for one in operator.axes}}
    for dtype, values in itertools.product(dtypes, itertools.product(*own.values())):
        completed = operator.complete(Axes(dict(zip(own, values, strict=True))))
        point = Point(name, completed, dtype, "meta", "forward", "none")
        sizes = operator.sizes(completed)
        work = operator.work(point)
        try:
            found = count(operator.eager(point), operator.inputs(point))
        except (CountingError, RuntimeError, OverflowError) as exc:  # too large even for shapes alone, say
            yield Row(point, sizes, DEFINITION, _numbers(work))
            yield Row(point, sizes, "counters", {}, str(exc))
            continue
        yield Row(point, sizes, DEFINITION, _numbers(work), differences=tuple(disagreements(found, work)))
        for by, counts in found.items():
            if isinstance(counts, str):
                yield Row(point, sizes, by, {}, counts)
            else:
                counted = Work(**counts, bytes_read=0, bytes_written=0)
                yield Row(point, sizes, by, {key: getattr(counted, key) for key in COLUMNS[:4]})


def _numbers(work: Work) -> dict[str, int]:
    return {key: int(getattr(work, key)) for key in COLUMNS}


def _agree(rows: Sequence[Row], row: Row) -> bool:
    """Whether a counter that counted agrees with the definition."""
    (definition,) = (one for one in rows if one.point == row.point and one.by == DEFINITION)
    return all(definition.numbers[key] == value for key, value in row.numbers.items())


def _print(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for point, group in itertools.groupby(rows, key=lambda row: row.point):
        same = list(group)
        definition = same[0]
        sizes = "".join(f", {name} {value}" for name, value in definition.sizes.items())
        console.print(f"{point.operator} ({point.axes}{sizes}) {point.dtype}", style="bold")
        table = Table("", *COLUMNS[:4], box=None, pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in same:
            cells = [f"{row.numbers[key]:,}" for key in COLUMNS[:4]] if row.numbers else [row.reason]
            table.add_row(row.by + ("" if _agree(rows, row) else " DIFFERS"), *cells)
        console.print(table)
        for sentence in definition.differences:
            console.print(sentence, style="bold red")
        read, written = definition.numbers["bytes_read"], definition.numbers["bytes_written"]
        console.print(f"bytes read {read:,}, written {written:,}\n")
    print("macs: multiply-accumulates; products: multiplications that are not accumulated;")
    print("elementwise: all other arithmetic; flops = 2 macs + products + elementwise")
