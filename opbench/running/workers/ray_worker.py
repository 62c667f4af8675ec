"""A device of a Ray cluster, as who spreads points over it knows it: every point is a task that asks for the device.

The tasks of a device are done by one process of its host after the other, as long as that lives (`ray_job.py`). Records
and log come back to who asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from opbench.errors import MachineError, OpbenchError
from opbench.planning.plan import Task
from opbench.process.environment import revision
from opbench.running.workers.ray_cluster import Slot
from opbench.running.workers.ray_job import CARRIED, Answered, Job, measure_task
from opbench.running.workers.worker import WorkerDiedError
from opbench.vocabulary.record import Record
from opbench.vocabulary.settings import Settings


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
        measured: Callable[[Job], Answered] = measure_task,
    ) -> None:
        self.name = slot.name
        self._ray, self._slot, self._job, self._tell, self._log = ray, slot, job, tell, log
        self._asked: Any = None
        self._stopped = False
        self._said = set[str]()
        # 0: as many as come. For GPUs Ray's default is one, since most tasks leave memory on them; these touch none.
        self._remote = ray.remote(max_calls=0, max_retries=0)(measured)

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
            if text not in self._said:  # what holds for every point is said with the first
                self._said.add(text)
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
    known = revision()
    variables = {name: os.environ[name] for name in CARRIED if name in os.environ}
    return lambda task: Job(task, device, settings, known, variables, wait)
