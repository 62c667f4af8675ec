"""A device of a Ray cluster: every point is a task that asks for it, in a process of its own on the device's host.

Ray's resources are a promise only, so the task takes the device's lock on its host besides, as whoever measures does.
Nothing is written there but in a temporary folder; records and log come back to who asked.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from opbench import operator_files
from opbench.cli.progress import Reporter
from opbench.errors import MachineError, OpbenchError
from opbench.planning.plan import Task
from opbench.process.environment import revision
from opbench.running.runner import Runner
from opbench.running.workers.ray_cluster import Slot
from opbench.running.workers.worker import WorkerDiedError
from opbench.store.lock import measuring
from opbench.store.runs import Run
from opbench.vocabulary.record import Record
from opbench.vocabulary.settings import Settings

LONGEST_LOG = 1 << 16
"""Bytes of what a point's libraries printed that come back, the last ones."""


@dataclass(frozen=True)
class Job:
    """One point, and all that its host has to be told. revision: of the opbench that asks, which the host's has to be.

    variables: of the environment, such as where a user's operators stand. wait: for another measurement.
    """

    task: Task
    device: str
    settings: Settings
    revision: str
    variables: Mapping[str, str] = field(default_factory=dict)
    wait: bool = True


@dataclass(frozen=True)
class Answered:
    """records: of the job's task. log: the end of what was printed. told: what there was to say, such as a wait."""

    records: list[Record]
    log: str = ""
    told: tuple[str, ...] = ()


def measure_job(job: Job) -> Answered:
    """On the device's host: measure the point alone on the device.

    Raises MachineError where the host's opbench is another one, or its device cannot be used.
    """
    if (here := revision()) != job.revision:
        raise MachineError(f"{socket.gethostname()} has opbench {here}, who asks has {job.revision}; install the same")
    os.environ.update(job.variables)
    told: list[str] = []
    with TemporaryDirectory(prefix="opbench-ray-") as folder, measuring(job.device, told.append, job.wait):
        facts = {"measured_on": socket.gethostname()}
        runner = Runner(Run(Path(folder)), job.device, job.settings, Reporter(), facts=facts)
        with runner.opened():
            records = runner.measured(job.task)
        log = (Path(folder) / "worker.log").read_text(encoding="utf-8", errors="replace")[-LONGEST_LOG:]
    return Answered(records, log, tuple(told))


class RayWorker:
    """ray: the connected module. measured: what a task of Ray does with a job; told: gets what there is to say.

    log: gets what was printed.
    """

    def __init__(
        self,
        ray: Any,
        slot: Slot,
        job: Callable[[Task], Job],
        tell: Callable[[str], None],
        log: Callable[[str], object],
        measured: Callable[[Job], Answered] = measure_job,
    ) -> None:
        self.name = slot.name
        self._ray, self._slot, self._job, self._tell, self._log = ray, slot, job, tell, log
        self._asked: Any = None
        self._stopped = False
        # A process measures one point: what a task leaves behind in it (memory, locks) ends with it.
        self._remote = ray.remote(max_calls=1, max_retries=0)(measured)

    def measure(self, task: Task) -> list[Record]:
        if self._stopped:
            raise MachineError(f"{self.name} was told to stop")
        try:
            self._asked = self._remote.options(**self._resources()).remote(self._job(task))
            answered: Answered = self._ray.get(self._asked)
        except self._ray.exceptions.RayTaskError as exc:
            if isinstance(exc.cause, OpbenchError):
                raise exc.cause from None  # Ray's own text is a traceback of the host's
            raise
        except self._ray.exceptions.RayError as exc:
            raise self._lost(exc) from exc
        for text in answered.told:
            self._tell(f"{self.name}: {text}")
        self._log(answered.log)
        return answered.records

    def _resources(self) -> dict[str, Any]:
        strategies = import_module("ray.util.scheduling_strategies")
        affinity = strategies.NodeAffinitySchedulingStrategy(self._slot.node, soft=False)
        return {"num_cpus": self._slot.cpus, "num_gpus": self._slot.gpus, "scheduling_strategy": affinity}

    def _lost(self, exc: Exception) -> Exception:
        """The device is gone with its node; or only the process is, and the point may be tried again."""
        if self._stopped:
            return MachineError(f"{self.name} was told to stop")
        alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        if self._slot.node not in alive:
            return MachineError(f"its node is gone ({type(exc).__name__})")
        return WorkerDiedError(f"its process died ({type(exc).__name__})")

    def stop(self) -> None:
        self._stopped = True
        if self._asked is not None:
            self._ray.cancel(self._asked, force=True)

    def close(self) -> None:
        return None


def job_of(device: str, settings: Settings, wait: bool) -> Callable[[Task], Job]:
    """Jobs for tasks of one sweep, as this process is asked for them."""
    known, own = revision(), operator_files.VARIABLE
    variables = {own: os.environ[own]} if own in os.environ else {}
    return lambda task: Job(task, device, settings, known, variables, wait)
