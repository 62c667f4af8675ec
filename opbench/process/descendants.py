"""Processes that a child started and that left its process group, found by a variable they inherited from it."""

from __future__ import annotations

import contextlib
import ctypes
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


NO_MARK = "0" * 32
"""As long as a mark: what a process is started with that takes another later."""


def retell(mark: str) -> None:
    """Have the system tell this mark of this process, a fork, in place of the one its first ancestor was started with.

    What is forked from it and leaves its group is then found like what it starts. The letters are written over those
    of the other, which are as many. Raises ValueError where the process was started without one.
    """
    first = f"{VARIABLE}=".encode()
    environ = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    number = 0
    while (place := environ[number]) is not None:
        text = ctypes.string_at(place)
        if text.startswith(first) and len(text) == len(first) + len(mark):
            ctypes.memmove(place, first + mark.encode(), len(text))
            return
        number += 1
    raise ValueError(f"this process was started without {VARIABLE}={NO_MARK}")


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
