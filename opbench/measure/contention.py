"""What else runs on this machine: cores in use by others, who they are, and time that this process's group was denied.

All of it is what Linux counts anyway, in `/proc/stat`, `/proc/PID/stat` and the control group's `cpu.stat`; where it
does not, nothing is known and nothing is said.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SWITCH = "OPBENCH_CONTENTION"
"""Environment variable: `ignore` has nothing watched, for tests that look at anything but figures. Records say so."""

TICK_S = 1 / os.sysconf("SC_CLK_TCK")

LEAST_CORES = 0.1
"""Cores in use by others from which on a figure is marked. Quiet machines here show 0.00 to 0.04."""

LEAST_SHARE = 0.05
"""The same as a share of the processors that we may use: of 128, six."""

LEAST_S = 5 * TICK_S
"""Processor time below this is the counters' own grain."""

NAMED = 3


def ignored() -> bool:
    return os.environ.get(SWITCH) == "ignore"


@dataclass(frozen=True)
class Use:
    """Counters at one moment. others_s: processor time of all but this process, stolen by a hypervisor included.

    throttled_s: for how long the control group was out of its quota.
    """

    at_s: float
    others_s: float
    throttled_s: float


@dataclass(frozen=True)
class Machine:
    """Where the counters are. `cpus`: numbers of the processors that this process may use."""

    proc: Path
    group: Path
    cpus: frozenset[int]
    own_s: Callable[[], float]
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def here(cls, rivals_s: Callable[[], float] = lambda: 0.0) -> Machine:
        """rivals_s: processor time of other processes that are counted as this one's."""
        proc = Path("/proc")
        cpus = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset[int]()
        return cls(proc, _group(proc), cpus, lambda: _own_s() + rivals_s())

    def use(self) -> Use | None:
        """None where the system does not say."""
        try:
            busy_s = sum(_busy_s(self.proc, self.cpus))
        except (OSError, ValueError, IndexError):
            return None
        return Use(self.clock(), busy_s - self.own_s(), _throttled_s(self.group))

    def busiest(
        self, seconds: float = 0.1, sleep: Callable[[float], None] = time.sleep, family: int | None = None
    ) -> list[str]:
        """Who takes processor time now, over so many seconds, the greediest first: `name (process 123, 0.97 cores)`.

        family: a process that is not named, and neither are its children.
        """
        before = {one.number: one.used_s for one in _processes(self.proc)}
        sleep(seconds)
        cores = {
            one: (one.used_s - before[one.number]) / seconds
            for one in _processes(self.proc)
            if one.number in before and one.number != os.getpid() and family not in (one.number, one.parent)
        }
        greedy = sorted(cores, key=lambda one: -cores[one])[:NAMED]
        return [
            f"{one.name} (process {one.number}, {cores[one]:.2g} cores)" for one in greedy if cores[one] >= LEAST_CORES
        ]


def disturbance(before: Use | None, after: Use | None, cpus: int) -> str:
    """What disturbed a measurement between two moments, in words; "" where nothing is known to have done so."""
    if before is None or after is None or after.at_s <= before.at_s:
        return ""
    wall_s, others_s = after.at_s - before.at_s, after.others_s - before.others_s
    said = []
    if others_s / wall_s >= max(LEAST_CORES, LEAST_SHARE * cpus) and others_s >= LEAST_S:
        said.append(f"others used {others_s / wall_s:.2f} of {cpus} cores")
    throttled_s = after.throttled_s - before.throttled_s
    if throttled_s > 0.01 * wall_s:
        said.append(f"the control group was out of its quota for {throttled_s / wall_s:.0%} of the time")
    return ", ".join(said)


def _busy_s(proc: Path, cpus: frozenset[int]) -> Iterator[float]:
    """Of each of these processors: user, nice, system, irq, softirq and steal (proc(5)); guests are within user."""
    for line in (proc / "stat").read_text(encoding="ascii").splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cpus:
            ticks = [int(one) for one in fields]
            yield TICK_S * sum((*ticks[0:3], *ticks[5:8]))


def processor_s(process: int, proc: Path = Path("/proc")) -> float:
    """Processor time of another process so far; 0 where it has ended or the system does not say."""
    try:
        text = (proc / str(process) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    return _process(process, text).used_s


@dataclass(frozen=True)
class _Process:
    """parent: the number of the process that started it. used_s: its processor time."""

    number: int
    name: str
    parent: int
    used_s: float


def _processes(proc: Path) -> Iterator[_Process]:
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        yield _process(int(folder.name), text)


def _process(number: int, text: str) -> _Process:
    """A process by its `stat` (proc(5))."""
    name, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    return _Process(number, name, int(fields[1]), TICK_S * (int(fields[11]) + int(fields[12])))


def _throttled_s(group: Path) -> float:
    try:
        lines = dict(line.split() for line in (group / "cpu.stat").read_text(encoding="ascii").splitlines())
        return int(lines.get("throttled_usec", 0)) * 1e-6
    except (OSError, ValueError):
        return 0.0


def _group(proc: Path) -> Path:
    """The folder of this process's control group, version 2."""
    try:
        for line in (proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            if line.startswith("0::"):
                return Path("/sys/fs/cgroup") / line[3:].strip().lstrip("/")
    except OSError:
        pass
    return Path("/sys/fs/cgroup")


def _own_s() -> float:
    used = os.times()
    return used.user + used.system
