"""Writing a file whole or not at all, whoever else writes it and whenever the machine stops."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

_NO_SUCH_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What file systems without a sync of folders (FUSE, some network ones) answer to one."""


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Put `data` in place of whatever is at `path`, and make the folders above it where they are missing.

    A reader sees the file before or the file after, never a part; so does one after a power cut. A symbolic link at
    `path` is replaced and not followed. The new file has the permissions of any fresh one.
    Raises OSError; the file before is then as it was, and nothing else is left behind.
    """
    write_chunks(path, (data,))


def write_chunks(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """As `write_whole`, of data that is made while it is written. Raises OSError, and what making it raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(8)}.part")  # not of its name, which may be as long as a name can be
    try:
        with part.open("xb") as file:  # nobody else's, and no link
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Wait until a file that another program wrote is on the disk. Raises OSError."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where its file system knows how to. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as exc:
        if exc.errno not in _NO_SUCH_SYNC:
            raise
    finally:
        os.close(handle)
