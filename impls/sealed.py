"""Size and SHA-256 of a built file, kept beside it: whether what is about to be loaded is what was built.

A library cut in half kills the process that opens it with SIGBUS, so it has to be told before. Hashing the largest of
ours (1.2 MB) takes 1.2 ms, once a process.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from opbench.store.files import write_whole

_known: dict[Path, tuple[int, ...]] = {}
"""Files found whole by this process, as they were then."""


def seal(file: Path) -> None:
    """Write `FILE.sha256`, the last step of building it: without one a file counts as unfinished. Raises OSError."""
    write_whole(_seal_of(file), _told(file))


def damage(file: Path) -> str | None:
    """What keeps the file from being opened, in a few words; None where it is whole. Never raises.

    "" where there is no such file, or no seal of it, as after a build that was killed.
    """
    try:
        now = _identity(file)
        if _known.get(file) == now:
            return None
        sealed = _seal_of(file).read_bytes()
    except OSError:
        return ""
    try:
        digests = _told(file)
    except OSError as exc:
        return f"it cannot be read ({exc.strerror})"
    if digests != sealed:
        return f"it is not as it was built: {_first(digests)} bytes, {_first(sealed)} when built"
    _known[file] = now
    return None


def _seal_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _told(file: Path) -> bytes:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        return f"{os.fstat(opened.fileno()).st_size} {digest}\n".encode()


def _identity(file: Path) -> tuple[int, ...]:
    """What changes where the file is replaced or written to."""
    status = file.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _first(told: bytes) -> str:
    word = told.partition(b" ")[0][:20]
    return word.decode() if word.isdigit() else "an unknown number of"
