"""Where a sweep is measured: on one device, on several of this host, or on a Ray cluster's; which locks that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from opbench.cli.progress import Reporter
from opbench.errors import UsageError
from opbench.planning.plan import Task
from opbench.planning.remaining import Left, remaining
from opbench.planning.request import Share
from opbench.process.measuring_process import MeasuringProcess
from opbench.running.ahead import MOST
from opbench.running.runner import Runner
from opbench.running.workers.device_list import DeviceUnit
from opbench.running.workers.local_worker import LocalWorker, Start
from opbench.running.workers.pool_run import measure_with
from opbench.running.workers.ray_cluster import Slot
from opbench.running.workers.ray_job import Answered, Job, measure_task
from opbench.running.workers.ray_worker import RayWorker, job_of
from opbench.store.journal import Journal
from opbench.store.lock import measuring, measuring_on
from opbench.store.runs import Run
from opbench.vocabulary.settings import Settings

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Measuring:
    """One run being measured: where its records go, what is left of its share, and who is told."""

    run: Run
    journal: Journal
    share: Share
    left: Left
    settings: Settings
    reporter: Reporter = field(default_factory=Reporter)


class Place(Protocol):
    """device: `cpu` or `cuda`. count: how many points are measured at once."""

    @property
    def device(self) -> str: ...

    @property
    def count(self) -> int: ...

    def held(self, tell: Tell, wait: bool) -> AbstractContextManager[None]:
        """The locks of the devices here, held while a sweep is measured. Raises MachineError as `measuring`."""
        ...

    def measure(self, asked: Measuring) -> list[Task]:
        """Put every case on record; the tasks that were left. Raises MachineError as `Runner.go`."""
        ...


@dataclass(frozen=True)
class OneDevice:
    """The device of this host that PyTorch has for current."""

    device: str
    count: int = 1

    def held(self, tell: Tell, wait: bool) -> AbstractContextManager[None]:
        return measuring(self.device, tell, wait)

    def measure(self, asked: Measuring) -> list[Task]:
        runner = Runner(asked.run, self.device, asked.settings, asked.reporter, ahead=True)
        runner.go(asked.share.tasks, asked.journal, asked.left)
        asked.reporter.note(f"wall time {runner.accounts}")
        return []


@dataclass(frozen=True)
class SeveralDevices:
    """Several of this host, alike, each with a measuring process. start: one of these, or what stands in its place."""

    units: tuple[DeviceUnit, ...]
    start: Start = MeasuringProcess

    @property
    def device(self) -> str:
        return self.units[0].kind

    @property
    def count(self) -> int:
        return len(self.units)

    def held(self, tell: Tell, wait: bool) -> AbstractContextManager[None]:
        return measuring_on([unit.name for unit in self.units], tell, wait)

    def measure(self, asked: Measuring) -> list[Task]:
        """Raises UsageError for more threads than a device of processors has."""
        for unit in self.units:
            if unit.cpus and asked.settings.threads > len(unit.cpus):
                raise UsageError(
                    f"--threads is {asked.settings.threads}, and {unit.name} has {len(unit.cpus)} processors"
                )
        if asked.left.tasks <= MOST:
            ahead = Runner(asked.run, self.device, asked.settings, asked.reporter, ahead=True)
            with ahead.opened():
                ahead.prepare_ahead(remaining(asked.share.tasks, asked.journal.keys))
        with ExitStack() as opened:
            workers = []
            for unit in self.units:
                worker = LocalWorker(unit, asked.run, asked.settings, asked.reporter, self.start)
                opened.callback(worker.close)
                workers.append(worker)
            return measure_with(workers, asked.share.tasks, asked.left, asked.journal, asked.reporter)


@dataclass(frozen=True)
class RayCluster:
    """Devices of a cluster, each locked on its own host. ray: the connected module. measured: what a task does."""

    ray: Any
    slots: tuple[Slot, ...]
    wait: bool = True
    measured: Callable[[Job], Answered] = measure_task

    @property
    def device(self) -> str:
        return self.slots[0].device

    @property
    def count(self) -> int:
        return len(self.slots)

    def held(self, tell: Tell, wait: bool) -> AbstractContextManager[None]:
        del tell, wait
        return nullcontext()

    def measure(self, asked: Measuring) -> list[Task]:
        job, note = job_of(self.device, asked.settings, self.wait), asked.reporter.note
        with _log(asked.run) as log:
            workers = [RayWorker(self.ray, slot, job, note, log, self.measured) for slot in self.slots]
            return measure_with(workers, asked.share.tasks, asked.left, asked.journal, asked.reporter)


@contextmanager
def _log(run: Run) -> Iterator[Callable[[str], object]]:
    with (run.folder / "worker.log").open("a", encoding="utf-8") as file:
        yield file.write
