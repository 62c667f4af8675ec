"""What another process's threads do, as Linux tells it: whether they sleep, and for how long they ran."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

LONGEST_S = 0.02
"""GNU OpenMP's threads spin after their work: for 1 ms on an AMD EPYC, for 5 on an Intel Xeon."""

EVERY_S = 100e-6

PROCESSES = Path("/proc")


def asleep(pid: int, processes: Path = PROCESSES) -> bool:
    """Whether none of the process's threads runs or is ready to. True where the system does not tell."""
    return not any(text[text.rfind(b")") + 2 :].startswith(b"R") for _, text in _told(pid, "stat", processes))


def ran_s(pid: int, processes: Path = PROCESSES) -> dict[str, float]:
    """Seconds on a processor so far, by thread; nothing where the system does not tell."""
    return {
        thread: 1e-9 * int(fields[0])
        for thread, text in _told(pid, "schedstat", processes)
        if (fields := text.split()) and fields[0].isdigit()
    }


def _told(pid: int, file: str, processes: Path) -> Iterator[tuple[str, bytes]]:
    """That file of every thread, by thread. Read between turns, dozens of times: pathlib's glob takes twice as long."""
    tasks = f"{processes}/{pid}/task"
    with contextlib.suppress(OSError):  # the process has ended
        for thread in os.listdir(tasks):  # noqa: PTH208
            with contextlib.suppress(OSError), open(f"{tasks}/{thread}/{file}", "rb", buffering=0) as status:  # noqa: PTH123
                yield thread, status.read()


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
