"""Which backend was fastest where: a table made of a run's records, and its nearest row to a shape.

A table belongs to one device, by name and number of threads, because the next machine's answer is another. Those in
the folder `dispatch` of an operator's package were measured for the project; one that `opbench dispatch RUN` wrote
to the cache folder of this machine goes before them.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from opbench.cache import cache_folder
from opbench.errors import UsageError
from opbench.record import Measured, Record

SCHEMA = 1


@dataclass(frozen=True)
class Row:
    """One measured point: median seconds by `backend` or `backend:schedule`."""

    operator: str
    dtype: str
    axes: Mapping[str, int]
    seconds: Mapping[str, float]

    def fastest(self, usable: Sequence[str]) -> str | None:
        """The quickest of the backends that can run here, or None when none of them was measured."""
        known = {label: time for label, time in self.seconds.items() if label.partition(":")[0] in usable}
        return min(known, key=known.__getitem__) if known else None


@dataclass(frozen=True)
class Table:
    """Rows of one device; `source` says where they come from."""

    device: str
    revision: str
    rows: tuple[Row, ...]
    source: str = ""

    def nearest(self, operator: str, dtype: str, axes: Mapping[str, int]) -> Row | None:
        """The row at the least distance in logarithms of the axes, of the dtype or else of one as wide."""
        rows = [row for row in self.rows if row.operator == operator]
        alike = [row for row in rows if row.dtype == dtype] or [row for row in rows if _wide(row.dtype) == _wide(dtype)]
        return min(alike, key=lambda row: _distance(row.axes, axes), default=None)


def _wide(dtype: str) -> str:
    return "".join(char for char in dtype if char.isdigit())


def _distance(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    return sum((math.log2(1 + value) - math.log2(1 + other.get(name, 0))) ** 2 for name, value in one.items())


def device_key(environment: Mapping[str, Any]) -> str:
    """The device a table is for: its name, and on a CPU the number of threads, of `environment.describe`."""
    name = str(environment["device_name"])
    return f"{name}, {environment['threads']} threads" if environment["device"] == "cpu" else name


def table_of(records: Iterable[Record], source: str = "") -> Table:
    """Every point of a run with its backends' medians.

    Raises UsageError when nothing was measured, or on more than one device.
    """
    times: dict[tuple[str, str, tuple[tuple[str, int], ...]], dict[str, float]] = {}
    devices, revision = set(), ""
    for record in records:
        point = record.case.point
        empty = record.work is not None and not record.work.bytes_written
        if not isinstance(record.outcome, Measured) or point.mode != "forward" or record.case.replica or empty:
            continue
        devices.add(device_key(record.environment))
        revision = record.revision
        row = times.setdefault((point.operator, point.dtype, tuple(point.axes.items())), {})
        row[record.case.backend] = median(record.outcome.samples_s)
    if len(devices) != 1:
        what = f"on {len(devices)} devices ({', '.join(sorted(devices))})" if devices else "nowhere"
        raise UsageError(f"the run was measured {what}; a dispatch table is of one device and mode 'forward'")
    rows = [Row(operator, dtype, dict(axes), seconds) for (operator, dtype, axes), seconds in times.items()]
    return Table(devices.pop(), revision, tuple(rows), source)


def install(table: Table) -> Path:
    """Keep the table for this machine; a later one of the same device replaces it. Returns its file."""
    folder = cache_folder() / "dispatch"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{_slug(table.device)}.json"
    write(table, file)
    forget()
    return file


def write(table: Table, file: Path) -> None:
    """As JSON, one row a line, so that two tables can be compared by eye."""
    rows = ",\n".join(json.dumps(asdict(row) | {"seconds": _rounded(row.seconds)}) for row in table.rows)
    head = json.dumps({"schema": SCHEMA, "device": table.device, "revision": table.revision})
    file.write_text(f'{head[:-1]}, "rows": [\n{rows}\n]}}\n', encoding="utf-8")


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {label: float(f"{time:.4g}") for label, time in seconds.items()}


def read(file: Path) -> Table:
    """Raises UsageError for a file that is no table of this schema."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise UsageError(
                f"{file}: schema {data['schema']}, this opbench reads {SCHEMA}; make it again: opbench dispatch RUN"
            )
        rows = tuple(Row(**row) for row in data["rows"])
        return Table(data["device"], data["revision"], rows, str(file))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise UsageError(
            f"{file} is no dispatch table ({type(exc).__name__}: {exc}); make it again or remove it"
        ) from exc


def tables() -> list[Table]:
    """Every table there is, those of this machine's cache first. Raises UsageError for one that cannot be read."""
    return [read(file) for file in _files()]


def _files() -> list[Path]:
    own = sorted((cache_folder() / "dispatch").glob("*.json"))
    shipped = sorted((Path(__file__).parents[1] / "impls").glob("**/dispatch/*.json"))
    return [*own, *shipped]


def _readable() -> Iterator[Table]:
    """A broken file costs its own advice, with a warning, and not the call that asked for some."""
    for file in _files():
        try:
            yield read(file)
        except UsageError as exc:
            warnings.warn(str(exc), RuntimeWarning, stacklevel=2)


@lru_cache(maxsize=8)
def table_for(device: str) -> Table | None:
    """The table to go by on `cpu` or `cuda` of this machine, or None when it was never measured."""
    from opbench.environment import describe

    key = device_key(describe(device))
    return next((table for table in _readable() if table.device == key), None)


def fastest(operator: str, device: str, dtype: str, axes: Mapping[str, int], usable: Sequence[str]) -> str | None:
    """The backend, with its schedule, that was quickest at the nearest measured shape; None without a table."""
    table = table_for(device)
    row = table.nearest(operator, dtype, axes) if table else None
    return row.fastest(usable) if row else None


def forget() -> None:
    """Read the tables anew the next time one is asked for."""
    table_for.cache_clear()


def _slug(device: str) -> str:
    return "-".join("".join(char if char.isalnum() else " " for char in device).lower().split())
