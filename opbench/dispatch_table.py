"""A dispatch table and its file: a row of every backend's time for each shape, on one device; as JSON, a row a line."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec

from opbench.errors import UsageError
from opbench.store.files import write_whole

SCHEMA = 1

Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=sys.float_info.max)]

REMAKE = "make it again (opbench dispatch RUN) or remove it"


@dataclass(frozen=True)
class Row:
    """One measured point: median seconds by `backend` or `backend:schedule`."""

    operator: str
    dtype: str
    axes: Mapping[str, Size]
    seconds: Mapping[str, Seconds]

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


def write(table: Table, file: Path) -> None:
    """As JSON, one row a line, so that two tables can be compared by eye. Raises OSError; nothing changed then."""
    rows = ",\n".join(json.dumps(asdict(row) | {"seconds": _rounded(row.seconds)}) for row in table.rows)
    head = json.dumps({"schema": SCHEMA, "device": table.device, "revision": table.revision})
    write_whole(file, f'{head[:-1]}, "rows": [\n{rows}\n]}}\n'.encode())


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {label: float(f"{time:.4g}") for label, time in seconds.items()}


def read(file: Path) -> Table:
    """Raises UsageError, of one line, for a file that is no table of this schema, whatever else it holds."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        schema = data["schema"]
        if schema != SCHEMA:
            raise UsageError(f"{file}: schema {schema!r:.40}, this opbench reads {SCHEMA}; {REMAKE}")
        return replace(msgspec.convert(data, Table), source=str(file))
    # A parser gives up on brackets nested a thousand deep with RecursionError.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise UsageError(f"{file} is no dispatch table ({type(exc).__name__}: {exc}); {REMAKE}") from exc
