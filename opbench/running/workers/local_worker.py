"""A device of this host: a measuring process that sees it alone, asked by a thread of ours."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TextIO

from opbench.cli.progress import Reporter
from opbench.errors import MachineError
from opbench.planning.plan import Task
from opbench.process.measuring_process import MeasuringProcess
from opbench.running.runner import Runner
from opbench.running.workers.device_list import DeviceUnit
from opbench.running.workers.worker import WorkerDiedError
from opbench.store.runs import Run
from opbench.vocabulary.record import Record
from opbench.vocabulary.settings import Settings

Start = Callable[..., Any]


class LocalWorker:
    """Takes its device's measuring process from point to point, and starts another when it died.

    start: a new measuring process of a log and of variables of its environment, or what stands in its place.
    """

    def __init__(
        self, unit: DeviceUnit, run: Run, settings: Settings, reporter: Reporter, start: Start = MeasuringProcess
    ) -> None:
        self.name = unit.name
        self._unit, self._start, self._variables = unit, start, unit.variables()
        self._processes: list[Any] = []
        self._stopped = self._failed = False
        facts = {"measured_on": unit.name}
        self._runner = Runner(run, unit.kind, settings, reporter, start=self._started, facts=facts)
        self._held = ExitStack()
        self._held.enter_context(self._runner.opened())

    def measure(self, task: Task) -> list[Record]:
        """A process that cannot be started is the device's fault, where it happens twice in a row."""
        if self._unit.cpus:
            os.sched_setaffinity(0, self._unit.cpus)  # of this thread alone; what it starts inherits that
        try:
            records = self._runner.measured(task)
        except MachineError as exc:
            if self._stopped or self._failed:
                raise
            self._failed = True
            raise WorkerDiedError(f"its process could not be used ({exc})") from exc
        self._failed = False
        return records

    def _started(self, log: TextIO | None) -> Any:
        if self._stopped:
            raise MachineError(f"{self.name} was told to stop")
        process = self._start(log, variables=self._variables)
        self._processes.append(process)
        if self._stopped:  # between the question above and here
            process.kill()
        return process

    def stop(self) -> None:
        self._stopped = True
        for process in self._processes:
            process.kill()

    def close(self) -> None:
        self._held.close()
