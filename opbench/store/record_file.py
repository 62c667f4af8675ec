"""A records file listed without being held: where the line of each case is, read in one pass; records one by one after.

200,000 records of 250 samples are 1.4 GB of text. What is kept of each is 30 bytes and its key.
"""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from opbench.errors import UsageError
from opbench.store.codec import LONGEST_LINE
from opbench.store.decoding import Lines
from opbench.store.environment_facts import environment_digest
from opbench.store.environment_kinds import kind_names
from opbench.vocabulary.record import Record

Group = tuple[str, str]
"""Operator and backend: what records are counted and chosen by before they are read."""


UNTOLD = 0
"""The kind of an environment that no line tells: records in it are of no kind of their own."""


@dataclass
class Listing:
    """The lines of a file that count, one a case and kind of environment (`environment_digest`).

    positions: of each case's key, in the order cases came first; behind the key of a case that was measured in further
    kinds stands which. several: whether there is such a case, as in a merged run.
    """

    positions: dict[str, int] = field(default_factory=dict)
    lines: Lines = field(default_factory=Lines)
    _offsets: array[int] = field(default_factory=lambda: array("Q"))
    _sizes: array[int] = field(default_factory=lambda: array("L"))
    _numbers: array[int] = field(default_factory=lambda: array("L"))
    _open: bytearray = field(default_factory=bytearray)
    _groups: array[int] = field(default_factory=lambda: array("L"))
    _group_numbers: dict[Group, int] = field(default_factory=dict)
    _kinds: array[int] = field(default_factory=lambda: array("L"))
    _kind_numbers: dict[str, int] = field(default_factory=lambda: {"": UNTOLD})
    _kind_of: dict[str, int] = field(default_factory=dict)
    several: bool = False

    @classmethod
    def of(cls, stream: BinaryIO, where: str) -> Listing:
        """Blank lines and carriage returns, which editors add, do not count.

        A case that was Contended may have been tried again: its later record takes the place of the earlier, in
        whichever environment. One that was measured may have been measured in other kinds of environments too.
        Raises UsageError naming `where` and the line as `codec.from_line` does, and for any other second record of a
        case.
        """
        listing, offset = cls(), 0
        for number, line in enumerate(iter(partial(stream.readline, LONGEST_LINE + 1), b""), 1):
            if not line.isspace():
                listing._add(line, offset, number, where)
            offset += len(line)
        return listing

    def _add(self, line: bytes, offset: int, number: int, where: str) -> None:
        head = self.lines.head(line, f"{where}:{number}")
        if head is None:
            return
        group = self._group_numbers.setdefault((head.operator, head.backend), len(self._group_numbers))
        kind = self._kind(head.environment)
        values = (offset, len(line), number, head.open, group, kind)
        at = self.positions.setdefault(head.key, len(self._offsets))
        if at < len(self._offsets) and not self._open[at] and self._differ(kind, self._kinds[at]):
            self.several = True
            at = self.positions.setdefault(f"{head.key} #{kind}", len(self._offsets))
        if at == len(self._offsets):
            for column, value in zip(self._columns, values, strict=True):
                column.append(value)
            return
        if not self._open[at]:
            raise UsageError(
                f"{where}:{number}: a second record of {head.key:.400}, whose first is in line {self._numbers[at]}: "
                "two runs wrote this file at once; remove one of the two lines"
            )
        for column, value in zip(self._columns, values, strict=True):
            column[at] = value

    def _differ(self, kind: int, other: int) -> bool:
        return kind != other and UNTOLD not in (kind, other)

    def _kind(self, environment: str) -> int:
        """The number of what the environment of this id comes to; UNTOLD for one that a line carries itself."""
        if environment not in self._kind_of:
            told = self.lines.environments.get(environment)
            name = "" if told is None else environment_digest(told)
            self._kind_of[environment] = self._kind_numbers.setdefault(name, len(self._kind_numbers))
        return self._kind_of[environment]

    @property
    def _columns(self) -> tuple[array[int] | bytearray, ...]:
        return self._offsets, self._sizes, self._numbers, self._open, self._groups, self._kinds

    def settled(self) -> Iterator[str]:
        """Keys of the cases that have a record, but for those that were Contended."""
        return (key for key, at in self.positions.items() if not self._open[at])

    def counts(self) -> Counter[Group]:
        """How many records there are of each operator and backend."""
        groups = list(self._group_numbers)
        return Counter({groups[number]: count for number, count in Counter(self._groups).items()})

    def places(self, wanted: Callable[[Group], bool]) -> Iterator[tuple[int, int, int]]:
        """Offset, size and number of the line of each case of the wanted groups."""
        chosen = {number for group, number in self._group_numbers.items() if wanted(group)}
        for offset, size, number, group in zip(self._offsets, self._sizes, self._numbers, self._groups, strict=True):
            if group in chosen:
                yield offset, size, number


@dataclass(frozen=True)
class RecordFile:
    """The records of a file as they were when it was listed, of some operators and backends or of all."""

    path: Path
    listing: Listing
    groups: frozenset[Group]

    @classmethod
    def listed(cls, path: Path) -> RecordFile:
        """A file that is not there has no records. Raises UsageError as `Listing.of`, or where it cannot be read."""
        try:
            with path.open("rb", buffering=1 << 20) as stream:
                listing = Listing.of(stream, str(path))
        except FileNotFoundError:
            listing = Listing()
        except OSError as exc:
            raise UsageError(f"cannot read {path}: {exc.strerror}") from exc
        return cls.of(path, listing)

    @classmethod
    def of(cls, path: Path, listing: Listing) -> RecordFile:
        """All records of a file that is listed already."""
        return cls(path, listing, frozenset(listing.counts()))

    @property
    def counts(self) -> Mapping[Group, int]:
        """Records of each operator and backend."""
        return {group: count for group, count in self.listing.counts().items() if group in self.groups}

    def __len__(self) -> int:
        return sum(self.counts.values())

    def only(self, wanted: Callable[[Group], bool]) -> RecordFile:
        """The records of the operators and backends for which `wanted` holds."""
        return RecordFile(self.path, self.listing, frozenset(filter(wanted, self.groups)))

    def __iter__(self) -> Iterator[Record]:
        """Each record once, read from the file as it is asked for. Raises UsageError naming the line."""
        if not self.groups:
            return
        with self.path.open("rb") as stream:
            for offset, size, number in self.listing.places(self.groups.__contains__):
                line = os.pread(stream.fileno(), size, offset)
                yield self.listing.lines.record(line, f"{self.path}:{number}")

    def told_apart(self, *, merged: bool = False) -> Iterator[Record]:
        """Each record once, under a device that says its kind of environment where there are several of these.

        merged: whether the kinds are to be told apart where no case was measured in two of them, too.
        """
        named = kind_names(self.environments.values()) if merged or self.listing.several else {}
        if len(named) < 2:
            yield from self
            return
        known: dict[int, str] = {id(one): named[environment_digest(one)] for one in self.environments.values()}
        for record in self:
            device = known.get(id(record.environment), record.case.point.device)
            yield replace(record, case=replace(record.case, point=replace(record.case.point, device=device)))

    @property
    def environments(self) -> Mapping[str, Mapping[str, Any]]:
        return self.listing.lines.environments
