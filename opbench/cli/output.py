"""Standard output and error that cannot take what is written: another encoding, a full disk, no file handles left."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import Any, TextIO

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})
_NO_HANDLES = frozenset({errno.EMFILE, errno.ENFILE})


def forgive_encodings() -> None:
    """Let standard output replace letters that it has none for, as standard error does, instead of raising."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def flush() -> None:
    """Write what is left now: at the interpreter's end a failure would be a traceback. Raises OSError."""
    if sys.stdout is not None:  # closed by the caller
        sys.stdout.flush()


def drop(stream: TextIO) -> None:
    """Let what the stream still holds, and all that comes, go nowhere, so that ending the interpreter cannot fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def drawn(shown: Any, width: int) -> str:
    """What rich makes of something, as text without colours or trailing blanks. width: in characters."""
    from rich.console import Console

    text = io.StringIO()
    # In a notebook rich would show it there as well, beside whatever is made of the text.
    Console(file=text, width=width, color_system=None, markup=False, force_jupyter=False).print(shown)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def exhausted(exc: Exception) -> str | None:
    """What the machine had no more of, in one line with what to do, where that is what `exc` says; else None."""
    code = exc.errno if isinstance(exc, OSError) else None
    if code in _NO_HANDLES or (isinstance(exc, ImportError) and os.strerror(errno.EMFILE) in str(exc)):
        return f"this process may open no more files (ulimit -n is {_limit()}); allow more: ulimit -n 1024"
    if code not in _NO_ROOM or not isinstance(exc, OSError):
        return None
    where = f"to {exc.filename}" if exc.filename else "results to standard output"
    return f"cannot write {where}: {exc.strerror}; free space or send it elsewhere"


def _limit() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
