"""The records that a growing file has got since it was last read; nothing is held open, locked or changed.

Only whole lines count: one without its end is still being written, or was cut short by a kill, and stays until its end
comes or `--resume` cuts it off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from opbench.errors import UsageError
from opbench.store.codec import LONGEST_LINE
from opbench.store.decoding import Lines
from opbench.vocabulary.record import Record


@dataclass(frozen=True)
class Placed:
    """A record, and the offset in bytes of its line."""

    offset: int
    record: Record


@dataclass
class Tail:
    """A records file, read as far as it goes. size: in bytes, up to the last whole line that was read."""

    path: Path
    size: int = 0
    _number: int = 0
    _lines: Lines = field(default_factory=Lines)
    _file: tuple[int, int] | None = None

    @property
    def is_another(self) -> bool:
        """Whether what was read is gone: the file is shorter than that, removed, or another of its name. It is to be
        read anew, by a Tail of its own.
        """
        if self._file is None:
            return False
        try:
            found = self.path.stat()
        except OSError:
            return True
        return found.st_size < self.size or (found.st_dev, found.st_ino) != self._file

    def new(self) -> Iterator[Placed]:
        """What came since; a file that is not there has none. Raises UsageError as `Lines.record`, or where it cannot
        be read.
        """
        try:
            with self.path.open("rb", buffering=1 << 20) as stream:
                opened = os.fstat(stream.fileno())
                self._file = opened.st_dev, opened.st_ino
                stream.seek(self.size)
                while (line := stream.readline(LONGEST_LINE + 1)).endswith(b"\n") or len(line) > LONGEST_LINE:
                    yield from self._read(line)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise UsageError(f"cannot read {self.path}: {exc.strerror}") from exc

    def _read(self, line: bytes) -> Iterator[Placed]:
        offset, where = self.size, f"{self.path}:{self._number + 1}"
        if not line.isspace() and self._lines.head(line, where) is not None:
            yield Placed(offset, self._lines.record(line, where))
        self.size += len(line)
        self._number += 1
