"""The records of several runs as one set: every line of each, in an order of its own, and no two that contradict.

A cell is a case in one kind of environment (`environment_digest`). Two records of a cell have to be the same record, as
of a run that was copied; two that say something else are a contradiction, and nobody but the user can say which holds.
Records of a case that was Contended contradict nothing: they stand before the one that counts, as in any run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opbench.errors import UsageError
from opbench.store.codec import to_line
from opbench.store.decoding import Lines
from opbench.store.environment_facts import environment_digest
from opbench.store.environment_lines import environment_id
from opbench.vocabulary.record import Contended, Record

_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True)
class Source:
    """A records file, and what its lines say of environments."""

    path: Path
    lines: Lines = field(default_factory=Lines, compare=False)


@dataclass(frozen=True)
class Cell:
    """One record of one file, without its samples: these are read again when they are asked for.

    key: of its case. kind: of its environment. settled: whether it counts, see above. digest: of all it says.
    """

    key: str
    kind: str
    settled: bool
    started: str
    digest: str
    source: Source
    number: int
    offset: int
    size: int

    @property
    def where(self) -> str:
        return f"{self.source.path}:{self.number}"

    @property
    def order(self) -> tuple[object, ...]:
        """By operator, setting and axes, numbers as numbers; the same in whichever file it stands."""
        return natural(self.key), self.settled, self.kind, self.started, self.digest

    def record(self) -> Record:
        """Raises UsageError where the file says something else by now."""
        with self.source.path.open("rb") as stream:
            stream.seek(self.offset)
            return self.source.lines.record(stream.read(self.size), self.where)


def natural(text: str) -> tuple[tuple[str, int], ...]:
    """Sorts `channels=8` before `channels=16`."""
    words = _DIGITS.split(text)
    return tuple((words[at], int(words[at + 1]) if at + 1 < len(words) else -1) for at in range(0, len(words), 2))


def cells(path: Path) -> Iterator[Cell]:
    """Every record of a file, those of cases that were Contended and tried again included.

    Raises UsageError naming the line for one that cannot be read, or where the file cannot.
    """
    source, offset = Source(path), 0
    try:
        with path.open("rb", buffering=1 << 20) as stream:
            for number, line in enumerate(stream, 1):
                if not line.isspace() and source.lines.head(line, f"{path}:{number}") is not None:
                    yield _cell(source, line, number, offset)
                offset += len(line)
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror}") from exc


def _cell(source: Source, line: bytes, number: int, offset: int) -> Cell:
    record = source.lines.record(line, f"{source.path}:{number}")
    written = to_line(record, environment_id(record.environment))
    return Cell(
        record.case.key,
        environment_digest(record.environment),
        not isinstance(record.outcome, Contended),
        record.started,
        hashlib.sha256(written.encode()).hexdigest(),
        source,
        number,
        offset,
        len(line),
    )


@dataclass(frozen=True)
class United:
    """cells: each record once, in an order that does not depend on the files'. keys: of the cases of each file."""

    cells: tuple[Cell, ...]
    keys: Mapping[Path, frozenset[str]]


def united(paths: Sequence[Path]) -> United:
    """The cells of all files. Raises UsageError as `cells`, and for two lines that contradict each other."""
    found: dict[str, Cell] = {}
    keys: dict[Path, frozenset[str]] = {}
    for path in sorted(paths):
        own = list(cells(path))
        keys[path] = frozenset(cell.key for cell in own)
        for cell in own:
            found.setdefault(cell.digest, cell)
    ordered = sorted(found.values(), key=lambda cell: cell.order)
    _refuse_contradictions(ordered)
    return United(tuple(ordered), keys)


def _refuse_contradictions(ordered: Iterable[Cell]) -> None:
    first: dict[tuple[str, str], Cell] = {}
    for cell in ordered:
        if not cell.settled:
            continue
        other = first.setdefault((cell.key, cell.kind), cell)
        if other is not cell:
            one, two = sorted((other.where, cell.where))
            raise UsageError(
                f"{one} and {two} contradict each other: {cell.key:.400} was measured twice in the same environment, "
                "with other results; leave out one of the runs, or remove one of the two lines"
            )
