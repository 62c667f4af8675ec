"""Records to JSON and back. A line that cannot be read says which field is wrong, not only that it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from opbench.case import Axes, Case, Point
from opbench.errors import UsageError
from opbench.limit import Limit
from opbench.operator import Part, Work
from opbench.record import SCHEMA_VERSION, Check, Failed, Measured, Mismatch, Outcome, Record, Trial, Unavailable

_KINDS: dict[str, type[Outcome]] = {
    "measured": Measured,
    "mismatch": Mismatch,
    "unavailable": Unavailable,
    "failed": Failed,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    return {"kind": _NAMES[type(outcome)], **asdict(outcome)}


def outcome_from_json(data: dict[str, Any]) -> Outcome:
    """Raises KeyError, TypeError or ValueError when the data does not describe an Outcome."""
    values = dict(data)
    kind = _KINDS[values.pop("kind")]
    if "check" in values:
        values["check"] = Check(**values["check"])
    for name in ("samples_s", "warnings"):
        if name in values:
            values[name] = tuple(values[name])
    if "trials" in values:
        values["trials"] = tuple(Trial(**one) for one in values["trials"])
    return kind(**values)


def point_to_json(point: Point) -> dict[str, Any]:
    values = {field.name: getattr(point, field.name) for field in fields(point)}
    return values | {"axes": dict(point.axes)}


def point_from_json(data: dict[str, Any]) -> Point:
    return Point(**data | {"axes": Axes(data["axes"])})


def parts_to_json(parts: Iterable[Part]) -> list[dict[str, Any]]:
    return [{"operator": part.operator, "axes": dict(part.axes), "count": part.count} for part in parts]


def parts_from_json(data: Iterable[dict[str, Any]]) -> tuple[Part, ...]:
    return tuple(Part(one["operator"], Axes(one["axes"]), one["count"]) for one in data)


def to_line(record: Record) -> str:
    """One line of JSON, newline included, NaN and infinity spelled the way Python's parser reads them."""
    data = {
        "schema": record.schema,
        "case": point_to_json(record.case.point) | {"backend": record.case.backend, "replica": record.case.replica},
        "outcome": outcome_to_json(record.outcome),
        "work": None if record.work is None else asdict(record.work),
        "sizes": dict(record.sizes),
        "counts": dict(record.counts),
        "parts": parts_to_json(record.parts),
        "limit": None if record.limit is None else asdict(record.limit),
        "environment": dict(record.environment),
        "revision": record.revision,
        "started": record.started,
    }
    return json.dumps(data, separators=(",", ":")) + "\n"


def from_line(line: str, where: str = "record") -> Record:
    """The record of one line.

    Raises UsageError naming `where` and the offending field when the line is torn, of another schema, or
    lacks something.
    """
    try:
        data = json.loads(line)
        schema = data["schema"]
    except (json.JSONDecodeError, TypeError, KeyError) as exc:
        advice = "the mark of a run that was killed: sweep --resume repairs it"
        raise UsageError(f"{where}: not a complete record ({type(exc).__name__}: {exc}), {advice}") from exc
    if schema != SCHEMA_VERSION:
        raise UsageError(f"{where}: schema {schema}, this opbench reads schema {SCHEMA_VERSION}")
    try:
        return _build(data)
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"{where}: bad field ({type(exc).__name__}: {exc})") from exc


def _build(data: dict[str, Any]) -> Record:
    case = dict(data["case"])
    backend, replica = case.pop("backend"), case.pop("replica")
    return Record(
        case=Case(point_from_json(case), backend, replica),
        outcome=outcome_from_json(data["outcome"]),
        work=None if data["work"] is None else Work(**data["work"]),
        sizes=data["sizes"],
        counts=data["counts"],
        parts=parts_from_json(data.get("parts", ())),  # records of before had none, nor a limit
        limit=None if data.get("limit") is None else Limit(**data["limit"]),
        environment=data["environment"],
        revision=data["revision"],
        started=data["started"],
    )
