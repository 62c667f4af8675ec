"""Seconds that this process's threads stood ready to run while something else had the processor.

Linux counts them for every thread (`/proc/PID/task/TID/schedstat`, second field, nanoseconds). It is all the evidence
that a sample of wall time needs: beside a busy loop on two cores, samples in which no thread waited had the median of a
quiet machine (17.5 and 16.6 us), and those in which one did were 500 times as long, because the other threads spin for
it. Involuntary context switches, which miss a thread that waits after waking, missed a third of those.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Callable
from pathlib import Path

MOST_THREADS = 32
"""Reading takes 2 us a thread (Xeon, family 6, model 207), twice a sample of a millisecond."""

SWITCH_S = 1e-3
"""What one involuntary switch stands for where nothing better is known: less than any scheduler's time slice."""

TASKS = Path("/proc/self/task")


class RunDelay:
    """Call it for the seconds so far, of all threads together; they never fall. Close it after use.

    tasks: the folder of this process's threads, as Linux has it.
    """

    def __init__(self, tasks: Path = TASKS) -> None:
        self._tasks = tasks
        self._files: dict[str, int] = {}
        self._last_ns: dict[str, int] = {}
        self._total_ns = 0
        self._links = 0
        self()

    def __call__(self) -> float:
        links = self._tasks.stat().st_nlink
        if links != self._links:
            self._look_again()
            self._links = links
        for thread, file in list(self._files.items()):
            try:
                now_ns = int(os.pread(file, 64, 0).split()[1])
            except OSError:  # it has ended
                os.close(self._files.pop(thread))
                continue
            self._total_ns += max(0, now_ns - self._last_ns.get(thread, 0))
            self._last_ns[thread] = now_ns
        return self._total_ns * 1e-9

    def _look_again(self) -> None:
        for thread in os.listdir(self._tasks):  # noqa: PTH208  (in the way of a sample)
            if thread not in self._files:
                with contextlib.suppress(OSError):
                    self._files[thread] = os.open(self._tasks / thread / "schedstat", os.O_RDONLY)

    @property
    def threads(self) -> int:
        return len(self._files)

    def close(self) -> None:
        for file in self._files.values():
            os.close(file)
        self._files.clear()


def switches() -> float:
    """A stand-in: involuntary context switches of the process, in seconds."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw * SWITCH_S


def run_delay(tasks: Path = TASKS) -> Callable[[], float]:
    """The best that this system tells: `RunDelay`, or `switches` where it has none or there are too many threads."""
    try:
        found = RunDelay(tasks)
    except (OSError, ValueError, IndexError):
        return switches
    if 1 <= found.threads <= MOST_THREADS:
        return found
    found.close()
    return switches
