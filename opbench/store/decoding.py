"""The quick way to read a line that this opbench wrote: of its head what a file is listed by, or the whole record.

A line whose seal fits is as it was written, so it is taken by the layout that `codec.to_line` gives it and decoded
straight into the dataclasses. Whatever else comes (an earlier schema, a line without a seal, NaN, a wrong type) is left
to `codec.from_line`, which reads it or says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, Literal, TypeVar

import msgspec

from opbench.cache import content_digest
from opbench.errors import UsageError
from opbench.store.codec import KINDS, LONGEST_LINE, from_line
from opbench.store.environment_lines import environment_of
from opbench.store.sealing import fits
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Contended, Record
from opbench.vocabulary.work import Part, Work

_HEAD = re.compile(rb'{"schema":[12],"case":({[^{}]*{[^{}]*}[^{}]*}),"outcome":{"kind":"([a-z]+)"')


_ENVIRONMENT = b'"environment":"'
_BEHIND = 400
"""Bytes of a line's end in which its environment's id is looked for: revision, time and seal come after it."""

Kind = TypeVar("Kind")


class _Case(msgspec.Struct):
    operator: str
    axes: dict[str, bool | int | float | str]
    dtype: str
    device: str
    mode: str
    clock: str
    backend: str
    replica: int

    def built(self) -> Case:
        point = Point(self.operator, Axes(self.axes), self.dtype, self.device, self.mode, self.clock)
        return Case(point, self.backend, self.replica)


class _Line(msgspec.Struct, Generic[Kind]):
    schema: Literal[2]
    case: _Case
    outcome: Kind
    work: Work | None
    sizes: dict[str, int]
    counts: dict[str, dict[str, int] | str]
    parts: tuple[Part, ...]
    limit: Limit | None
    environment: str
    revision: str
    started: str


def _axes(_: type, value: Any) -> Any:
    return Axes(msgspec.convert(value, dict[str, bool | int | float | str]))


_CASES = msgspec.json.Decoder(_Case)


_LINES: dict[bytes, msgspec.json.Decoder[Any]] = {
    name.encode(): msgspec.json.Decoder(_Line[kind], dec_hook=_axes)  # type: ignore[valid-type]
    for name, kind in KINDS.items()
}

_BOUNDED = msgspec.msgpack.Encoder(enc_hook=dict)
"""Encodes what was read, and nobody keeps it: it raises OverflowError for an integer beyond 64 bits, wherever that
stands, which JSON's decoder takes. 2 us of a record's 24.
"""

_NOT_SO = (ValueError, TypeError, KeyError, RecursionError, OverflowError)
"""What decoding raises for a line that is not laid out as expected; `from_line` then says what it is."""


class Head(msgspec.Struct, frozen=True):
    """What a record is listed by. open: whether the case was Contended and may be tried again. environment: the id by
    which the line refers to it, "" where it carries its own.
    """

    key: str
    operator: str
    backend: str
    open: bool
    environment: str = ""


def _environment_named(line: bytes) -> str:
    """The id of the environment of a line of ours; a quote within a text of it would stand behind a backslash."""
    start = line.rfind(_ENVIRONMENT, max(0, len(line) - _BEHIND))
    if start < 0:
        return ""
    start += len(_ENVIRONMENT)
    return line[start : line.find(b'"', start)].decode("ascii", "replace")


class Lines:
    """Reads a file's lines in their order: an environment is known from its own line on."""

    def __init__(self) -> None:
        self.environments: dict[str, Mapping[str, Any]] = {}
        self._last: Mapping[str, Any] = {}

    def head(self, line: bytes, where: str) -> Head | None:
        """The head of a record's line; None for an environment's, which is known from now on.

        Raises UsageError as `codec.from_line`.
        """
        if told := environment_of(line, where):
            self._know(*told, where)
            return None
        laid_out = _HEAD.match(line)
        if laid_out is not None and len(line) <= LONGEST_LINE and fits(line):
            try:
                case = _CASES.decode(laid_out[1]).built()
            except _NOT_SO:
                pass
            else:
                if laid_out[2] in _LINES:
                    is_open = laid_out[2] == b"contended"
                    return Head(case.key, case.point.operator, case.backend, is_open, _environment_named(line))
        record = from_line(line, where, self.environments)
        case = record.case
        is_open = isinstance(record.outcome, Contended)
        return Head(case.key, case.point.operator, case.backend, is_open, _environment_named(line))

    def _know(self, name: str, environment: Mapping[str, Any], where: str) -> None:
        """An environment may be told again, as in files put together, but not otherwise: whose would a record be?"""
        before = self.environments.setdefault(name, environment)
        if before is not environment and content_digest(dict(before)) != content_digest(dict(environment)):
            raise UsageError(
                f"{where}: another environment under the id {name!r:.40} of a line before; remove the one that was "
                "not measured in, with its records"
            )

    def record(self, line: bytes, where: str) -> Record:
        """The record of its line. Raises UsageError as `codec.from_line`."""
        laid_out = _HEAD.match(line)
        if laid_out is not None and fits(line):
            try:
                return self._quick(line, laid_out[2])
            except _NOT_SO:
                pass
        return self._kept_once(from_line(line, where, self.environments))

    def _quick(self, line: bytes, kind: bytes) -> Record:
        found = _LINES[kind].decode(line)
        _BOUNDED.encode(found)
        return Record(
            found.case.built(),
            found.outcome,
            self.environments[found.environment],
            found.revision,
            found.started,
            found.work,
            found.sizes,
            found.counts,
            found.parts,
            found.limit,
        )

    def _kept_once(self, record: Record) -> Record:
        """With the environment of the record before where it has the same: lines of schema 1 repeat it each."""
        if record.environment != self._last:
            self._last = record.environment
        return replace(record, environment=self._last)
