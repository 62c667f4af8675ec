"""A run's records while they are written: locked against a second writer, every case once, whole lines or none.

Every append is one write of whole lines, followed by fdatasync: what a finished point cost in seconds is not lost to a
power cut. A line that a kill cut short is taken off when the file is opened the next time. An environment is written
with the first record that has it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from opbench.errors import MachineError, UsageError
from opbench.store.codec import LONGEST_LINE, from_line
from opbench.store.environment_lines import to_lines
from opbench.store.record_file import Listing
from opbench.store.sealing import fits
from opbench.vocabulary.record import Contended, Record

_TAIL = 1 << 16

LOCKS = Path("/proc/locks")
"""Of this host, as its kernel lists them."""


class Journal:
    """The file held open. `keys`: of the cases that have a record, but for those that were Contended and may be tried
    again. `repaired`: what was cut off on opening, or "". `listing`: of the file's lines; None once some were appended.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        self.repaired = self._repair()
        with _reading(descriptor) as stream:
            self.listing: Listing | None = Listing.of(stream, str(path))
        self.keys = set(self.listing.settled())
        self._environments = set(self.listing.lines.environments)
        self._size = os.fstat(descriptor).st_size

    def append(self, records: Iterable[Record]) -> None:
        """Write whole lines or nothing: after a full disk the file ends where it did before.

        Raises MachineError when they cannot be written, or when the file was removed, replaced or written by others;
        ValueError for a case that has a record.
        """
        records = list(records)
        keys = Counter(record.case.key for record in records)
        if twice := [key for key, count in keys.items() if key in self.keys or count > 1]:
            raise ValueError(f"{twice[0]} is on record already; a case has one record")
        self._still_there()
        text, told = to_lines(records, self._environments)
        try:
            self._write(text.encode())
        except OSError as exc:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise MachineError(f"cannot write {self._path}: {exc.strerror}; --resume goes on from it") from exc
        self._size = os.fstat(self._descriptor).st_size
        self.keys.update(record.case.key for record in records if not isinstance(record.outcome, Contended))
        self._environments |= told
        self.listing = None if records else self.listing

    def _write(self, text: bytes) -> None:
        while text:
            text = text[os.write(self._descriptor, text) :]
        os.fdatasync(self._descriptor)

    def _still_there(self) -> None:
        """The file that is open here is the one of this name, and nobody else wrote into it.

        A file that was removed is put back from the open descriptor: hours of measurements are in it.
        """
        mine = os.fstat(self._descriptor)
        try:
            named = self._path.lstat()
        except OSError:
            raise MachineError(f"{self._path} was removed while this run was writing it; {self._put_back()}") from None
        if (named.st_dev, named.st_ino) != (mine.st_dev, mine.st_ino):
            raise MachineError(f"{self._path} was replaced by another file while this run was writing it; start anew")
        if mine.st_size != self._size:
            raise MachineError(
                f"{self._path} was changed while this run was writing it: {mine.st_size} bytes where it had written "
                f"{self._size}; --resume goes on from what is there"
            )

    def _put_back(self) -> str:
        try:
            with self._path.open("xb") as file, _reading(self._descriptor) as stream:
                shutil.copyfileobj(stream, file)
        except OSError as exc:
            return f"and cannot be put back ({exc.strerror}); {len(self.keys)} records are lost"
        return f"put back with its {len(self.keys)} records; --resume goes on from it"

    def _repair(self) -> str:
        end = os.fstat(self._descriptor).st_size
        torn = _last_line(self._descriptor, end)
        if not torn:
            return ""
        try:
            if _complete(torn, str(self._path)):
                self._write(b"\n")
                return f"{self._path}: ended its last line, which lacked nothing else"
            os.ftruncate(self._descriptor, end - len(torn))
        except OSError as exc:
            raise MachineError(f"cannot repair {self._path}: {exc.strerror}") from exc
        return f"{self._path}: cut off an incomplete last line; its case is measured again"


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    """The journal of this file, made where there is none, for as long as the block lasts.

    Raises MachineError where another run is writing it or it cannot be opened; UsageError for what is no record in it.
    """
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o644)
    except OSError as exc:
        raise MachineError(f"cannot write {path}: {exc.strerror}") from exc
    try:
        _lock(descriptor, path)
        yield Journal(path, descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise MachineError(
            f"{path.parent} is being written by {_holder(descriptor)}: let it end, or end it, and start again"
        ) from None
    except OSError as exc:
        raise MachineError(
            f"cannot lock {path}: {exc.strerror}; choose --results on a file system that has locks"
        ) from exc


def _holder(descriptor: int) -> str:
    """Who holds the lock, as the kernel lists it."""
    number = writer(os.fstat(descriptor).st_ino)
    return f"process {number}" if number else "another process"


def writer(inode: int) -> str | None:
    """The process of this host that holds the lock of a records file; None where the kernel lists none.

    Asked of the kernel, and not by trying the lock: for that moment a run that opens the file would be refused.
    """
    with suppress(OSError):
        for line in LOCKS.read_text(encoding="ascii").splitlines():
            words = line.split()
            if "FLOCK" in words and words[-3].endswith(f":{inode}"):
                return words[-4]
    return None


def _reading(descriptor: int) -> BinaryIO:
    """The open file from its beginning, buffered. To close it closes nothing else."""
    stream = os.fdopen(os.dup(descriptor), "rb", buffering=1 << 20)
    stream.seek(0)
    return stream


def _last_line(descriptor: int, end: int) -> bytes:
    """What stands behind the last line's end, found from the file's: nothing where every line has one."""
    start, found = end, b""
    while start and b"\n" not in found:
        size = min(start, max(_TAIL, len(found)))
        start -= size
        found = os.pread(descriptor, size, start) + found
    return found[found.rfind(b"\n") + 1 :]


def _complete(line: bytes, where: str) -> bool:
    """A seal is the last that is written of a line; lines of before had none, and say all themselves."""
    if len(line) > LONGEST_LINE or (sealed := fits(line)) is False:
        return False
    try:
        return bool(sealed or from_line(line, where))
    except UsageError:
        return False
