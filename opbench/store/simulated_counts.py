"""Counts of the PTX machine beside a run's records: `simulated_counts.jsonl`, a sealed line of JSON for each.

The file is written whole. A count of the same case and architecture takes the place of the one before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from opbench.errors import UsageError
from opbench.store.codec import point_to_json
from opbench.store.runs import Run
from opbench.store.sealing import fits, sealed
from opbench.vocabulary.case import Axes
from opbench.vocabulary.simulated_count import SimulatedCount

FILE = "simulated_counts.jsonl"
SCHEMA = 1

AGAIN = "count again (opbench count OPERATOR --simulate=ptx --into RUN) after removing it"


def add(run: Run, counts: Iterable[SimulatedCount]) -> None:
    """Write these beside what the run's file has. Raises UsageError as `read`, MachineError where it cannot write."""
    merged = {(each.case.key, each.architecture): each for each in (*read(run), *counts)}
    run.write(FILE, "".join(map(to_line, merged.values())).encode())


def read(run: Run) -> tuple[SimulatedCount, ...]:
    """In the order they were added; () where the run has no such file.

    Raises UsageError, naming the line, for one that was changed, is torn, of another schema, or has a wrong field.
    """
    path = run.folder / FILE
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}; {AGAIN}") from exc
    return tuple(from_line(line, f"{path}:{number}") for number, line in enumerate(lines, 1))


def to_line(count: SimulatedCount) -> str:
    """One line of JSON, newline included; its case is written as a record's."""
    fields: dict[str, Any] = msgspec.to_builtins(count, enc_hook=dict)
    case = point_to_json(count.case.point) | {"backend": count.case.backend, "replica": count.case.replica}
    return sealed(json.dumps({"schema": SCHEMA, **fields, "case": case}, separators=(",", ":")))


def from_line(line: bytes, where: str = "count") -> SimulatedCount:
    """Raises UsageError naming `where` and what is wrong."""
    try:
        data = msgspec.json.decode(line, type=dict[str, Any])
        if (schema := data["schema"]) != SCHEMA or type(schema) is not int:
            raise UsageError(f"{where}: schema {schema!r:.40}, this opbench reads {SCHEMA}; {AGAIN}")
        if not fits(line):
            raise UsageError(f"{where}: its checksum does not fit: the line was changed; {AGAIN}")
        case = data["case"]
        data["case"] = {"point": case, "backend": case["backend"], "replica": case["replica"]}
        return msgspec.convert(data, SimulatedCount, dec_hook=_axes)
    # A parser gives up on brackets nested a thousand deep with RecursionError.
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise UsageError(f"{where} is no count ({type(exc).__name__}: {exc!s:.200}); {AGAIN}") from exc


def _axes(kind: type, value: Any) -> Any:
    if kind is not Axes:
        raise NotImplementedError(kind)  # so msgspec is told that it is to say what it expected
    return Axes(msgspec.convert(value, dict[str, bool | int | float | str]))
