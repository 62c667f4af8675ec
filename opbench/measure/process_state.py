"""What a backend may not change of the process it is measured in, because its rivals, or its own figure, depend on it.

Read before a point's backends are prepared, and held against that after each one's turns: which processors it may use,
its priority, numbers of threads and PyTorch's flags. What replaces functions is for `tamper_guard.py` to find.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

GROWTH_BYTES = 64 << 20
"""Memory that a launch may take for good once it is warm."""

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

SUBNORMAL = torch.tensor([1e-39])

PROCESSORS, THREADS = "processors", "threads"

_FIRST: dict[str, Any] = {}
"""Of the process: what was read for its first point, before a backend could change it."""


def _cpus() -> frozenset[int] | None:
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _set_cpus(cpus: frozenset[int] | None) -> None:
    if cpus is not None:
        os.sched_setaffinity(0, cpus)


def _priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def _set_priority(nice: int) -> None:
    with contextlib.suppress(OSError):  # only a privileged process may raise it again
        os.setpriority(os.PRIO_PROCESS, 0, nice)


def _flushes() -> bool:
    return not bool(SUBNORMAL.mul(0.5).ne(0))


class DisturbedError(Exception):
    """A backend changed what others depend on."""


@dataclass(frozen=True)
class Property:
    """One thing that all backends of a process share, how it is read and how it is put back."""

    read: Callable[[], Any]
    put_back: Callable[[Any], object]


SHARED: Mapping[str, Property] = {
    PROCESSORS: Property(_cpus, _set_cpus),
    "priority": Property(_priority, _set_priority),
    THREADS: Property(torch.get_num_threads, torch.set_num_threads),
    "gradients": Property(torch.is_grad_enabled, torch.set_grad_enabled),
    "deterministic algorithms": Property(
        torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms
    ),
    "default dtype": Property(torch.get_default_dtype, torch.set_default_dtype),
    "matmul precision": Property(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    "flushing of subnormal numbers": Property(_flushes, torch.set_flush_denormal),
}


def _resident_bytes() -> int:
    """Memory in use by this process; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  (in the way of samples)
            return int(file.read().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


@dataclass
class ProcessState:
    """As it was when made, or at the last `rebase`. growth_bytes: by label, memory that its turns took for good."""

    shared: Mapping[str, Property] = field(default_factory=lambda: SHARED)
    resident_bytes: Callable[[], int] = _resident_bytes
    growth_bytes: dict[str, int] = field(default_factory=dict)
    _was: dict[str, Any] = field(default_factory=dict)
    _before: dict[str, Any] = field(default_factory=dict)
    _resident: int = 0

    def __post_init__(self) -> None:
        self.rebase()
        for name, value in self._was.items():
            _FIRST.setdefault(name, value)

    def heeds(self, threads: int) -> None:
        """Take the number of threads as it is now for right where a point asks for it: 0 for the process's own."""
        if THREADS in self.shared and self.shared[THREADS].read() == (threads or _FIRST[THREADS]):
            self.rebase(THREADS)

    def rebase(self, *names: str) -> None:
        """Take what these, or all, are now as what they should be, and nothing else."""
        now = {name: one.read() for name, one in self.shared.items() if name in names or not names}
        self._was |= now
        self._before |= now

    def allow(self, name: str) -> None:
        """Take what this is now as right, beside what it was: a runtime may put back what it had found."""
        self._was[name] = self.shared[name].read()

    def changed(self) -> str:
        """What is not as it was, put back as far as that goes: `processors: 0,1 became 0`; "" where all is."""
        told = []
        for name, one in self.shared.items():
            is_now = one.read()
            if is_now not in (self._was[name], self._before[name]):
                told.append(f"{name}: {_text(self._was[name])} became {_text(is_now)}")
                one.put_back(self._was[name])
        return "; ".join(told)

    def warm(self) -> None:
        """Count memory from now on."""
        self.growth_bytes.clear()
        self._resident = self.resident_bytes()

    def turn(self, label: str) -> None:
        """Count what memory grew by since the last turn as this one's."""
        resident = self.resident_bytes()
        self.growth_bytes[label] = self.growth_bytes.get(label, 0) + resident - self._resident
        self._resident = resident

    def leaks(self, label: str) -> str:
        """A sentence where a label's turns took more than GROWTH_BYTES for good, else ""."""
        grown = self.growth_bytes.get(label, 0)
        return f"memory grew by {grown / (1 << 20):.0f} MiB while it was sampled" if grown > GROWTH_BYTES else ""


def _text(value: Any) -> str:
    if isinstance(value, frozenset):
        return ",".join(map(str, sorted(value)))
    return str(value)
