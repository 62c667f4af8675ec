"""Processes that a child started and that left its process group, found by a variable they inherited from it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
from collections.abc import Callable
from pathlib import Path

VARIABLE = "OPBENCH_CHILD"

PROCESSES = Path("/proc")


def new_mark() -> str:
    """A value of VARIABLE that no other child has."""
    return secrets.token_hex(16)


def marked(*marks: str, processes: Path = PROCESSES) -> list[int]:
    """Ids of the processes that were started with one of these marks; none where the system does not tell."""
    wanted = {f"{VARIABLE}={mark}".encode() for mark in marks}
    found = []
    for environment in processes.glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # another user's, or it has ended
            if not wanted.isdisjoint(environment.read_bytes().split(b"\0")):
                found.append(int(environment.parent.name))
    return found


def end_marked(*marks: str, processes: Path = PROCESSES, kill: Callable[[int, int], None] = os.kill) -> None:
    """Kill them, until a look finds none: one may have started another meanwhile."""
    for _ in range(10):
        alive = [process for process in marked(*marks, processes=processes) if process != os.getpid()]
        for process in alive:
            with contextlib.suppress(OSError):
                kill(process, signal.SIGKILL)
        if not alive:
            return
