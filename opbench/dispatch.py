"""Which backend was fastest where: tables made of runs' records, and the nearest row to a shape.

A table belongs to one device, by name and number of threads, because the next machine's answer is another. Those in
the folder `dispatch` of an operator's package were measured for the project; one that `opbench dispatch RUN` wrote
to the cache folder of this machine goes before them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from opbench.cache import cache_folder
from opbench.cli.plain import plain
from opbench.dispatch_table import REMAKE, Row, Table, read, write
from opbench.errors import UsageError
from opbench.vocabulary.record import Measured, Record


def device_key(environment: Mapping[str, Any]) -> str:
    """The device a table is for: its name, and on a CPU the number of threads, of `environment.describe`."""
    name = str(environment["device_name"])
    return f"{name}, {environment['threads']} threads" if environment["device"] == "cpu" else name


def tables_of(records: Iterable[Record], source: str = "") -> list[Table]:
    """Every point of a run with its backends' medians, a table for each device that any was measured on, by its name.

    Raises UsageError when nothing was measured, on a device that a record does not name, and for a case that was
    measured twice on one device, as of a merged run whose environments differ in something else.
    """
    found: dict[str, _Rows] = {}
    for record in records:
        point = record.case.point
        empty = record.work is not None and not record.work.bytes_written
        if not isinstance(record.outcome, Measured) or point.mode != "forward" or record.case.replica or empty:
            continue
        try:
            device = device_key(record.environment)
        except KeyError as exc:
            raise UsageError(
                f"{source}: the record of {record.case.key} does not say what it was measured on: its environment has "
                f"no {exc}; measure again, or remove that line"
            ) from None
        found.setdefault(device, _Rows(device, source)).add(record, record.outcome)
    if not found:
        raise UsageError(f"the run {source} was measured nowhere; a dispatch table is of mode 'forward'")
    return [rows.table() for _, rows in sorted(found.items())]


class _Rows:
    """The rows of one device's table, while they are found."""

    def __init__(self, device: str, source: str) -> None:
        self._device, self._source, self._revision = device, source, ""
        self._seconds: dict[tuple[str, str, tuple[tuple[str, int], ...]], dict[str, float]] = {}
        self._clocks: set[str] = set()

    def add(self, record: Record, outcome: Measured) -> None:
        """Raises UsageError for a second record of a case, also by another clock: which of the two `auto` is to go by
        nobody said.
        """
        point, backend = record.case.point, record.case.backend
        row = self._seconds.setdefault((point.operator, point.dtype, tuple(point.axes.items())), {})
        self._clocks.add(point.clock)
        if backend in row:
            clocks = f"by several clocks ({', '.join(sorted(self._clocks))})" if len(self._clocks) > 1 else ""
            raise UsageError(
                f"{self._source}: {record.case.key:.400} was measured twice on {self._device}, "
                f"{clocks or 'in environments that differ in something else'}; merge runs of one of these only"
            )
        row[backend] = median(outcome.samples_s)
        self._revision = record.revision

    def table(self) -> Table:
        rows = [Row(operator, dtype, dict(axes), row) for (operator, dtype, axes), row in self._seconds.items()]
        return Table(self._device, self._revision, tuple(rows), self._source)


def install(table: Table) -> Path:
    """Keep the table for this machine; a later one of the same device replaces it. Returns its file."""
    file = cache_folder() / "dispatch" / file_name(table)
    write(table, file)
    forget()
    return file


def tables() -> tuple[list[Table], list[str]]:
    """Every table there is, those of this machine's cache first; and a line for each file that is damaged."""
    found: list[Table] = []
    damaged: list[str] = []
    for file in _files():
        try:
            found.append(read(file))
        except UsageError as exc:
            damaged.append(str(exc))
    return found, damaged


def _files() -> list[Path]:
    own = sorted((cache_folder() / "dispatch").glob("*.json"))
    shipped = sorted((Path(__file__).parents[1] / "impls").glob("**/dispatch/*.json"))
    return [*own, *shipped]


def _readable() -> list[Table]:
    """A broken file costs its own advice, with a warning, and not the call that asked for some."""
    found, damaged = tables()
    for line in damaged:
        warnings.warn(plain(line), RuntimeWarning, stacklevel=2)
    return found


@lru_cache(maxsize=8)
def table_for(device: str) -> Table | None:
    """The table to go by on `cpu` or `cuda` of this machine, or None when it was never measured."""
    return table_among(_readable(), device)


def table_among(tables: Iterable[Table], device: str) -> Table | None:
    """The first that is of `cpu` or `cuda` of this machine."""
    from opbench.process.environment import describe

    key = device_key(describe(device))
    return next((table for table in tables if table.device == key), None)


def fastest(operator: str, device: str, dtype: str, axes: Mapping[str, int], usable: Sequence[str]) -> str | None:
    """The backend, with its schedule, that was quickest at the nearest measured shape; None without a table.

    Also None, with a warning, where nothing of that shape's row is among `usable`: it was measured on this device.
    """
    table = table_for(device)
    row = table.nearest(operator, dtype, axes) if table else None
    if table is None or row is None:
        return None
    label = row.fastest(usable)
    if label is None:
        _outdated(table, f"none of its backends for {operator} ({', '.join(row.seconds) or 'none listed'}) runs here")
    return label


def unknown_here(device: str, exc: UsageError) -> None:
    """Warn that the label which `fastest` gave is none that this version knows, and that the rule is gone by."""
    if table := table_for(device):
        _outdated(table, str(exc))


def _outdated(table: Table, why: str) -> None:
    warnings.warn(plain(f"{table.source} is outdated: {why}; {REMAKE}"), RuntimeWarning, stacklevel=3)


def forget() -> None:
    """Read the tables anew the next time one is asked for."""
    table_for.cache_clear()


def file_name(table: Table) -> str:
    """Of the table's file: its device in letters, digits and dashes."""
    words = "".join(char if char.isalnum() else " " for char in table.device).lower().split()
    return f"{'-'.join(words)}.json"
