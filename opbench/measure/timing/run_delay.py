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


def _place(thread: int, cpus: set[int]) -> None:
    with contextlib.suppress(OSError):  # it has ended
        os.sched_setaffinity(thread, cpus)


class RunDelay:
    """Call it for the seconds so far, of all threads together; they never fall. Close it after use.

    tasks: the folder of this process's threads, as Linux has it.
    """

    def __init__(self, tasks: Path = TASKS) -> None:
        self._tasks = tasks
        self._files: dict[str, int] = {}
        self._last_ns: dict[str, int] = {}
        self._ran_ns: dict[str, int] = {}
        self._placed: set[str] = set()
        self._cpus = frozenset[int]()
        self._place: Callable[[int, set[int]], None] = _place
        self._total_ns = 0
        self._links = 0
        self()

    def __call__(self) -> float:
        links = self._tasks.stat().st_nlink
        if links != self._links:
            self._open_new()
            self._links = links
        for thread, file in list(self._files.items()):
            try:
                ran_ns, now_ns = map(int, os.pread(file, 64, 0).split()[:2])
            except OSError:  # it has ended
                os.close(self._files.pop(thread))
                continue
            self._total_ns += max(0, now_ns - self._last_ns.get(thread, 0))
            self._last_ns[thread], self._ran_ns[thread] = now_ns, ran_ns
        return self._total_ns * 1e-9

    def _open_new(self) -> None:
        for thread in os.listdir(self._tasks):  # noqa: PTH208  (in the way of a sample)
            if thread not in self._files:
                with contextlib.suppress(OSError):
                    self._files[thread] = os.open(self._tasks / thread / "schedstat", os.O_RDONLY)
                if self._placed:  # it has the one processor of whichever thread started it, and would keep it
                    self._place(int(thread), set(self._cpus))

    def spread(self, cpus: frozenset[int], place: Callable[[int, set[int]], None] = _place) -> None:
        """Give each of the threads that run most a processor of its own, until `close`.

        A scheduler that is fair between sessions is content with two of our threads on one processor and another
        session's on the other. One then spins for a whole time slice for the other, in every call: beside a busy loop
        on two cores 31 of 45 cases hardly had a sample that was not preempted, and all had once threads were spread.
        """
        if len(cpus) < 2 or self._placed:
            return
        busiest = sorted(self._files, key=lambda thread: -self._ran_ns.get(thread, 0))[: len(cpus)]
        for thread, cpu in zip(sorted(busiest, key=int), sorted(cpus), strict=False):
            place(int(thread), {cpu})
            self._placed.add(thread)
        self._cpus, self._place = cpus, place

    @property
    def threads(self) -> int:
        return len(self._files)

    def close(self) -> None:
        for thread in self._placed:
            self._place(int(thread), set(self._cpus))
        self._placed.clear()
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
