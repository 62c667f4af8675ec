"""A process beside a build that kills the compilers where the builder dies first: `build_guard.py FOLDER BUILDER`.

Neither a process group nor a signal at the parent's death reaches them all: ninja gives every job a group of its own,
and a compiler's driver leaves its passes behind when it is killed. What they have in common is the folder they work in,
which is the build's alone.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_DONE = b"."
_QUIET = 2
"""Looks in a row that find nobody: between two of them a process that was just being started has its folder."""


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """While the body runs, processes that work in `folder` die with this one, and where the body raises.

    folder: absolute, and nobody else's. Only on Linux, where /proc tells who works where. Raises OSError where no
    process can be started.
    """
    if sys.platform != "linux" or not sys.executable:
        yield
        return
    import subprocess

    command = [sys.executable, "-I", "-S", __file__, str(folder), str(os.getpid())]
    # In a session of its own: what kills the builder's whole group leaves the guard to do its work.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd="/", bufsize=0, start_new_session=True
    ) as guard:
        assert guard.stdin is not None  # it is a pipe
        yield  # where the body raises, the guard's input ends without a word
        with contextlib.suppress(BrokenPipeError):  # somebody killed it, and all is built
            guard.stdin.write(_DONE)


def _main(folder: str, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the builder decides what Ctrl-C means
    if not _ended_well(parent):
        _kill_all_in(folder)


def _ended_well(parent: int) -> bool:
    """Waits until the builder says so, or ends. Its end of the pipe may live on in a process that it forked."""
    waiting = [0]
    with contextlib.suppress(OSError):  # a kernel before 5.3; the pipe tells then
        waiting.append(os.pidfd_open(parent))
    if os.getppid() != parent:
        return False
    ready, _, _ = select.select(waiting, [], [])
    return 0 in ready and os.read(0, 1) == _DONE


def _kill_all_in(folder: str) -> None:
    quiet = 0
    while quiet < _QUIET:
        processes = list(_working_in(folder))
        for process in processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        quiet = 0 if processes else quiet + 1
        time.sleep(0.01)


def _working_in(folder: str) -> Iterator[int]:
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if entry.name.isdigit() and str(Path(entry.path, "cwd").readlink()) in {folder, f"{folder} (deleted)"}:
                yield int(entry.name)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
