"""Records to JSON and back. A line that cannot be read says which field is wrong, not only that it is.

What is read is checked against the types of the dataclasses (by msgspec), so that nothing behind this file has to ask
whether a latency is a number. A line ends with the CRC-32 of all before it; lines of before had none. This is the
careful way to read one, which names what is wrong; `opbench.store.decoding` is the quick one, which falls back on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

import msgspec

from opbench.errors import UsageError
from opbench.store.migration import READS, migrated
from opbench.store.sealing import fits, sealed
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Contended, Failed, Measured, Mismatch, Outcome, Record, Unavailable
from opbench.vocabulary.work import Part, Work

LONGEST_LINE = 64 << 20
"""Bytes of one record at most. 100,000 samples, more than any budget has led to, take 2 MiB."""

_DIGITS, _LEAST, _MOST = 20, -(2**63), 2**64 - 1  # what msgspec takes too, with or without a sign
KINDS: dict[str, type[Outcome]] = {
    "measured": Measured,
    "mismatch": Mismatch,
    "contended": Contended,
    "unavailable": Unavailable,
    "failed": Failed,
}
_NAMES = {kind: name for name, kind in KINDS.items()}

Decoded = TypeVar("Decoded")


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(outcome, enc_hook=dict)  # asdict takes 300 us for 250 samples, this 3
    return {"kind": _NAMES[type(outcome)], **fields}


def outcome_from_json(data: Any) -> Outcome:
    """Raises ValueError when the data does not describe an Outcome."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind is {kind!r:.80}; expected one of {', '.join(KINDS)}")
    return _decoded(data, KINDS[kind])


def point_to_json(point: Point) -> dict[str, Any]:
    values = {field.name: getattr(point, field.name) for field in fields(point)}
    return values | {"axes": dict(point.axes)}


def point_from_json(data: Any) -> Point:
    """Raises ValueError when the data does not describe a Point."""
    return _decoded(data, Point)


def parts_to_json(parts: Iterable[Part]) -> list[dict[str, Any]]:
    return [{"operator": part.operator, "axes": dict(part.axes), "count": part.count} for part in parts]


def parts_from_json(data: Any) -> tuple[Part, ...]:
    """Raises ValueError when the data does not describe Parts."""
    return _decoded(data, tuple[Part, ...])


def to_line(record: Record, environment: str = "") -> str:
    """One line of JSON, newline included, NaN and infinity spelled the way Python's parser reads them.

    environment: the id by which the line refers to its environment; a line without one carries it itself.
    """
    data = {
        "schema": record.schema,
        "case": point_to_json(record.case.point) | {"backend": record.case.backend, "replica": record.case.replica},
        "outcome": outcome_to_json(record.outcome),
        "work": None if record.work is None else asdict(record.work),
        "sizes": dict(record.sizes),
        "counts": dict(record.counts),
        "parts": parts_to_json(record.parts),
        "limit": None if record.limit is None else asdict(record.limit),
        "environment": environment or dict(record.environment),
        "revision": record.revision,
        "started": record.started,
    }
    return sealed(json.dumps(data, separators=(",", ":")))


def from_line(
    line: bytes | str, where: str = "record", environments: Mapping[str, Mapping[str, Any]] | None = None
) -> Record:
    """The record of one line. environments: by id, those it may refer to.

    Raises UsageError naming `where` and the offending field when the line is torn, changed, of another schema, or
    lacks something.
    """
    line = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
    data = _parsed(line, where)
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema is None:
        raise _incomplete(where, "no object with a field `schema`")
    if type(schema) is not int or schema not in READS:
        raise UsageError(f"{where}: schema {schema!r:.40}, this opbench reads schemas {' and '.join(map(str, READS))}")
    if fits(line) is False:
        raise UsageError(f"{where}: its checksum does not fit: the line was changed after it was written; remove it")
    try:
        return _build(migrated(data), environments or {})
    except KeyError as exc:
        raise UsageError(f"{where}: bad field: {exc} is missing") from exc
    except ValueError as exc:
        raise UsageError(f"{where}: bad field: {exc}") from exc


def _parsed(line: bytes, where: str) -> Any:
    if len(line) > LONGEST_LINE:
        raise UsageError(f"{where}: {len(line)} bytes; a record has at most {LONGEST_LINE}")
    try:
        return json_of(line)
    except (ValueError, RecursionError) as exc:
        raise _incomplete(where, f"{type(exc).__name__}: {exc}") from exc


def json_of(line: bytes) -> Any:
    """What a line says, NaN and infinity as Python writes them.

    Raises ValueError (UnicodeError and JSONDecodeError among them) for what is no JSON, an integer that is too long and
    half a character; RecursionError for deep nesting.
    """
    text = line.decode()
    data = json.loads(text, parse_int=_bounded)
    if "\\u" in text:
        json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is no character
    return data


def _bounded(digits: str) -> int:
    if len(digits) <= _DIGITS and _LEAST <= (number := int(digits)) <= _MOST:
        return number
    raise ValueError(f"an integer of {len(digits.removeprefix('-'))} digits; expected one of 64 bits")


def _incomplete(where: str, why: str) -> UsageError:
    advice = "the mark of a run that was killed: sweep --resume repairs it"
    return UsageError(f"{where}: not a complete record ({why}), {advice}")


def _build(data: dict[str, Any], environments: Mapping[str, Mapping[str, Any]]) -> Record:
    case = data["case"]
    point = _field("case", case, Point)
    try:
        outcome = outcome_from_json(data["outcome"])
    except ValueError as exc:
        raise ValueError(f"outcome: {exc}") from exc
    return Record(
        case=Case(point, _field("backend", case["backend"], str), _field("replica", case["replica"], int)),
        outcome=outcome,
        work=_field("work", data["work"], Work | None),
        sizes=_field("sizes", data["sizes"], dict[str, int]),
        counts=_field("counts", data["counts"], dict[str, dict[str, int] | str]),
        parts=_field("parts", data["parts"], tuple[Part, ...]),
        limit=_field("limit", data["limit"], Limit | None),
        environment=_environment(data["environment"], environments),
        revision=_field("revision", data["revision"], str),
        started=_field("started", data["started"], str),
    )


def _environment(told: Any, environments: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """What the line carries itself, or what its reference means."""
    if not isinstance(told, str):
        own: dict[str, Any] = _field("environment", told, dict[str, Any])
        return own
    if told not in environments:
        raise ValueError(f"environment: {told!r:.40} is on no line before this one; put that line back, or remove this")
    return environments[told]


def _field(name: str, value: Any, kind: Any) -> Any:
    try:
        return _decoded(value, kind)
    except ValueError as exc:
        raise ValueError(f"{name}: {exc}") from exc


def _decoded(value: Any, kind: type[Decoded]) -> Decoded:
    """msgspec.ValidationError, a ValueError, says which part of the value has which wrong type."""
    return msgspec.convert(value, kind, dec_hook=_axes)


def _axes(kind: type, value: Any) -> Any:
    if kind is not Axes:
        raise NotImplementedError(kind)  # so msgspec is told that it is to say what it expected
    return Axes(msgspec.convert(value, Mapping[str, bool | int | float | str]))
