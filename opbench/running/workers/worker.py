"""What measures points on one device: here, or somewhere in a cluster."""

from __future__ import annotations

from typing import Protocol

from opbench.planning.plan import Task
from opbench.vocabulary.record import Record


class WorkerDiedError(Exception):
    """What was measuring a point is gone: its process, or the host it ran on. The point may be tried again."""


class Worker(Protocol):
    """One device, one point at a time. name: of its device, to be told by."""

    name: str

    def measure(self, task: Task) -> list[Record]:
        """The task's records. Raises WorkerDiedError; and MachineError where its device can measure no more."""
        ...

    def stop(self) -> None:
        """From another thread: what it is measuring ends at once, in an error."""
        ...

    def close(self) -> None:
        """Leave nothing behind. It measures nothing any more."""
        ...
