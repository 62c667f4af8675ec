"""What tasks of Ray do in the tests: devices that are scripted, and processes that die when they are told to."""

from __future__ import annotations

import os
import signal
from importlib import import_module
from pathlib import Path
from typing import Any

from opbench.running.workers.ray_job import Answered, Job
from opbench.store.lock import exclusive
from opbench.vocabulary.record import Record
from tests.answering import figure

FOLDER = "OPBENCH_RAY_TEST"
"""Of a job's variables: where its tasks say what they do."""

DIES = "OPBENCH_RAY_TEST_DIES"
"""Of a job's variables: `N` measured the first time ends its process, `N!` every time, comma-separated."""


def scripted(job: Job) -> Answered:
    """Measures nothing, on the device that Ray gives: says in a file when it begins and ends with it, and is alone.

    A third word is the point's; where it begins, a fourth is the process's id, and a fifth the GPU it may see.
    """
    folder, number = Path(job.variables[FOLDER]), job.task.point.axes["n"]
    device = _device(job.device)
    _die(folder, number, job.variables.get(DIES, "").split(","))
    with exclusive(device, print, wait_s=0.0):  # raises where another task has the device
        _say(folder, f"begin {device} {number} {os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES', '')}")
        environment = {"device": job.device, "device_name": device.partition("#")[0], "threads": 1}
        found = [Record(case, figure(case), environment, job.revision, "now") for case in job.task.cases]
        _say(folder, f"end {device} {number}")
    return Answered(found, f"log of {number}\n", (f"told of {number}",))


def _device(kind: str) -> str:
    """`KIND#NODE-GPU`: the kind as Ray's resources call it, of the node that this runs on."""
    ray: Any = import_module("ray")
    context = ray.get_runtime_context()
    node = context.get_node_id()
    if kind == "cpu":
        return f"cpu#{node}"
    (resources,) = (one["Resources"] for one in ray.nodes() if one["NodeID"] == node)
    (name,) = (one.partition(":")[2] for one in resources if one.startswith("accelerator_type:"))
    (gpu,) = ray.get_gpu_ids()
    return f"{name}#{node}-{gpu}"


def _die(folder: Path, number: int, words: list[str]) -> None:
    if f"{number}!" in words or (str(number) in words and not (folder / f"died-{number}").exists()):
        (folder / f"died-{number}").touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _say(folder: Path, text: str) -> None:
    descriptor = os.open(folder / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)
