"""What another process's threads do, as Linux tells it: whether they sleep, and for how long they ran."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

LONGEST_S = 0.02
"""GNU OpenMP's threads spin for about a millisecond after their work."""

EVERY_S = 100e-6

PROCESSES = Path("/proc")


def asleep(pid: int, processes: Path = PROCESSES) -> bool:
    """Whether none of the process's threads runs or is ready to. True where the system does not tell."""
    for status in (processes / str(pid) / "task").glob("*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            text = status.read_bytes()
            if text[text.rfind(b")") + 2 :].startswith(b"R"):
                return False
    return True


def ran_s(pid: int, processes: Path = PROCESSES) -> dict[str, float]:
    """Seconds on a processor so far, by thread; nothing where the system does not tell."""
    times = {}
    for status in (processes / str(pid) / "task").glob("*/schedstat"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended
            times[status.parent.name] = 1e-9 * int(status.read_bytes().split()[0])
    return times


def settle(
    pid: int,
    longest_s: float = LONGEST_S,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    asleep: Callable[[int], bool] = asleep,
) -> bool:
    """Wait until all of the process's threads sleep, or for `longest_s` seconds; whether they do."""
    until = now() + longest_s
    while not asleep(pid):
        if now() >= until:
            return False
        sleep(EVERY_S)
    return True
