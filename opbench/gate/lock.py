"""One at a time: measuring runs on a machine's device, gates in a repository's folder.

The lock is the kernel's, on an open file, so a holder that is killed frees it. The file stays when the lock is
free: removing it would let two runs hold one lock each, on the old file and on a new one of the same name.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from opbench.errors import MachineError

POLL_S = 1.0


@contextmanager
def exclusive(
    name: str,
    tell: Callable[[str], None],
    *,
    doing: str | None = None,
    wait_s: float = 600.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the machine-wide lock `name`: `cpu`, a GPU's UUID, `repository-DIGEST`; it cannot be taken twice.

    While another holds it, `tell` is told once who, and what they are `doing` ("measuring on NAME" unless given).
    Raises MachineError when it is still taken after `wait_s` seconds, or its file cannot be opened.
    """
    path = Path(tempfile.gettempdir(), f"opbench-{name}.lock")
    descriptor = _opened(path)
    try:
        _acquire(descriptor, doing or f"measuring on {name}", tell, wait_s, clock, sleep)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {datetime.now().astimezone():%H:%M}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(
    descriptor: int,
    doing: str,
    tell: Callable[[str], None],
    wait_s: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    deadline = clock() + wait_s
    told = False
    while not _taken(descriptor):
        holder = _holder(descriptor, doing)
        if clock() >= deadline:
            raise MachineError(f"waited {wait_s:g} s for {holder}: let it end, or end it, and start again")
        if not told:
            tell(f"waiting for {holder}")
            told = True
        sleep(POLL_S)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int, doing: str) -> str:
    """Who holds the lock; one that took it this instant has not written its name yet."""
    process, _, since = os.pread(descriptor, 100, 0).decode(errors="replace").partition(" ")
    return f"process {process}, {doing} since {since}" if since else f"another process, {doing}"


def _opened(path: Path) -> int:
    """The file, for every user of the machine, whoever made it and whatever their umask.

    Opened before it is created: with fs.protected_regular, Linux refuses O_CREAT on a file in /tmp that another user
    made, to root too, although its mode allows writing.
    """
    there = os.O_RDWR | os.O_NOFOLLOW
    try:
        with suppress(FileNotFoundError):
            return os.open(path, there)
        with suppress(FileExistsError):  # another made it just now
            descriptor = os.open(path, there | os.O_CREAT | os.O_EXCL, 0o666)
            os.fchmod(descriptor, 0o666)
            return descriptor
        return os.open(path, there)
    except OSError as exc:
        raise MachineError(f"cannot open the lock {path}: {exc.strerror}; remove that file, or set TMPDIR") from exc
