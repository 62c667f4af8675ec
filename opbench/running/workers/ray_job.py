"""What a task of Ray does with a point on its device's host: the lock, a measuring process of the point's own, records.

The task's process is used for one point after another, as it measures nothing and keeps nothing: what it holds between
two is the interpreter from which the points' processes are forked. Ray's resources are a promise only, so it takes the
device's lock besides, as whoever measures does. Nothing is written but in a temporary folder.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from opbench import operator_files
from opbench.cli.progress import Reporter
from opbench.errors import MachineError
from opbench.planning.plan import Task
from opbench.process.environment import revision
from opbench.process.forking import Forking
from opbench.process.measuring_process import MeasuringProcess, pinned_environment
from opbench.running.runner import Runner
from opbench.store.lock import measuring_on
from opbench.store.runs import Run
from opbench.vocabulary.record import Record
from opbench.vocabulary.settings import Settings

LONGEST_LOG = 1 << 16
"""Bytes of what a point's libraries printed that come back, the last ones."""

FORKING = Forking()
"""Of this process, for as long as it lives. Points on a GPU have processes that are started: forks of one that has
loaded CUDA's libraries are untested here."""

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Set anew by Ray for every task: the GPU that it is to have."""

CARRIED = (operator_files.VARIABLE,)
"""Variables of the environment that a job brings to its host from who asks."""


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
    told: list[str] = []
    start = partial(MeasuringProcess, start=FORKING) if job.device == "cpu" else MeasuringProcess
    with (
        _environment(job.variables),
        TemporaryDirectory(prefix="opbench-ray-") as folder,
        measuring_on((job.device,), told.append, job.wait, lock_name_apart),
    ):
        facts = {"measured_on": socket.gethostname()}
        run = Run(Path(folder))
        runner = Runner(run, job.device, job.settings, Reporter(), start=start, revision=here, facts=facts)
        with runner.opened():
            records = runner.measured(job.task)
        log = (Path(folder) / "worker.log").read_text(encoding="utf-8", errors="replace")[-LONGEST_LOG:]
    if FORKING.told and job.device == "cpu":
        told.append(f"every point's process is started, and not forked: {FORKING.told}")
    return Answered(records, log, tuple(told))


def measure_task(job: Job) -> Answered:
    """As a task of Ray: `measure_job`, with the priority of Ray itself. Raises MachineError as that does."""
    lowered = as_parent()
    answered = measure_job(job)
    return replace(answered, told=(*answered.told, lowered)) if lowered else answered


def as_parent() -> str:
    """Give this process its parent's priority, before it starts others, or say why not.

    Ray has those who do tasks go after everything else of their host (RAY_worker_niceness, 15): any other program there
    would take the processors of what is measured.
    """
    own, wanted = (os.getpriority(os.PRIO_PROCESS, process) for process in (0, os.getppid()))
    if own > wanted:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, wanted)
        except PermissionError:
            return f"measured with niceness {own}, after all else there; start Ray there with RAY_worker_niceness=0"
    return ""


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have these variables, while a job is measured: the next one's may be others."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, text in before.items():
            os.environ.pop(name, None)
            if text is not None:
                os.environ[name] = text


def lock_name_apart(device: str) -> str:
    """As `opbench.store.lock.lock_name`, of the GPU that this process is to have now.

    Raises MachineError without one.
    """
    return device if device == "cpu" else _gpu_name(device, os.environ.get(VISIBLE, ""))


@lru_cache
def _gpu_name(device: str, visible: str) -> str:
    """Asked of a process of its own: this one would see the GPU of its first task for ever, and keep memory on it."""
    program = f"from opbench.store.lock import lock_name; print(lock_name({device!r}))"
    words = [sys.executable, "-c", program]
    ended = subprocess.run(words, env=pinned_environment(), capture_output=True, text=True, check=False)
    if ended.returncode:
        *_, reason = ended.stderr.strip().splitlines() or ["it said nothing"]
        raise MachineError(f"no GPU can be used with {VISIBLE}={visible!r}: {reason.partition(': ')[2] or reason}")
    return ended.stdout.strip()
