"""In the place of a measuring process: the process itself, for callables that cannot leave it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import torch

from opbench.measure.worker import Worker
from opbench.process.environment import describe, set_up
from opbench.process.marker import Marker
from opbench.process.measuring_process import Progress


class _Answering(Worker):
    """A worker that tells its progress to a function, not to a pipe."""

    progress: Progress = staticmethod(lambda *_: None)

    def _announce(self, phase: str, label: str, seconds: float | None) -> None:
        self.progress(phase, label, seconds)


class ThisProcess:
    """As `MeasuringProcess`, as far as cases that take turns within one process need it. A crash is this process's."""

    def __init__(self, _log: object = None) -> None:
        self._folder = TemporaryDirectory(prefix="opbench-")
        self._worker = _Answering(io.StringIO(), io.StringIO(), Marker(Path(self._folder.name) / "marker"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hello(self, device: str, threads: int) -> dict[str, Any]:
        """Describe this process. Raises MachineError where the device is not here."""
        with as_it_was():
            set_up(device, threads)
            return describe(device)

    def define(self, path: Path) -> None:
        """Nothing: the catalog of this process knows it."""

    def measure(self, request: dict[str, Any], _time_limit_s: float, progress: Progress) -> dict[str, Any]:
        """The answer of `Worker.measure`."""
        self._worker.progress = progress
        with as_it_was():
            set_up(request["point"]["device"], request["settings"]["threads"])
            return self._worker.measure(request)

    @property
    def pid(self) -> int:
        return os.getpid()

    def close(self) -> None:
        self._folder.cleanup()


@contextmanager
def as_it_was() -> Iterator[None]:
    """What `opbench.process.environment.set_up` changes is put back."""
    gradients, threads, processors = torch.is_grad_enabled(), torch.get_num_threads(), _processors()
    tf32 = torch.backends.cudnn.allow_tf32
    try:
        yield
    finally:
        torch.set_grad_enabled(gradients)
        torch.backends.cudnn.allow_tf32 = tf32
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        for thread, cpus in processors.items():  # which sampling spreads over them where others are in the way
            with suppress(OSError):  # it has ended
                os.sched_setaffinity(thread, cpus)


def _processors() -> dict[int, set[int]]:
    """Which processors each thread may use; empty where the system does not tell."""
    tasks = Path("/proc/self/task")
    threads = [int(task.name) for task in tasks.iterdir()] if tasks.is_dir() else []
    return {thread: set(os.sched_getaffinity(thread)) for thread in threads}
