"""The launches that a point would make, on tensors that hold nothing, and the GPU they are compiled for.

What a kernel takes of a GPU is known from compiling it, so none of this needs a GPU. Kernels whose libraries read
their switches at import are compiled in a process of its own: this one may have imported them to simulate.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from impls.cross_hadamard.gpu.adapter import kernels_of
from impls.cross_hadamard.gpu.launch_plan import Device
from opbench import KernelResources, Point, catalog, simulation
from opbench.errors import MachineError, OpbenchError
from opbench.store.codec import point_from_json, point_to_json

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.adapter import Launcher

WITHOUT_GPU = "90", Device(132, 232448)
"""An H100 or H200: its compute capability, multiprocessors, and shared memory that a block may ask for."""


def target() -> tuple[str, Device]:
    """The compute capability without its dot, and what launches are planned with: of this machine's first GPU."""
    if not torch.cuda.is_available():
        return WITHOUT_GPU
    facts: Any = torch.cuda.get_device_properties(0)
    device = Device(facts.multi_processor_count, facts.shared_memory_per_block_optin)
    return f"{facts.major}{facts.minor}", device


def run(point: Point, schedule: str, launcher: Launcher) -> None:
    """Calls the launcher as the point's launch does, with tensors of device `meta`; nothing is computed.

    Raises UsageError for a schedule that the operator does not have.
    """
    kernels = kernels_of(lambda: launcher)
    inputs = catalog.operator(point.operator).inputs(replace(point, device="meta"))
    x, index = inputs["x"], inputs.get("index")
    if point.operator != "ach_expand":
        if point.mode == "backward":
            kernels.backward(inputs["grad"], x, index)
        else:
            kernels.forward(x, index, None, schedule)
        return
    assert index is not None
    parameters = inputs["alpha"], inputs["weight"], inputs["bias"], "softsign"
    if point.mode == "backward":
        kernels.expand_backward(inputs["grad"], x, index, *parameters)
    else:
        kernels.expand(x, index, *parameters, schedule)


def from_child(
    module: str, point: Point, schedule: str, environment: Mapping[str, str] | None = None
) -> tuple[KernelResources, ...]:
    """What `answer` prints in a fresh process of the module, without simulators. Raises MachineError with its words."""
    environment_here = {name: text for name, text in os.environ.items() if name not in simulation.SWITCHES}
    root = str(Path(__file__).parents[3])
    environment_here["PYTHONPATH"] = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    child = subprocess.run(
        [sys.executable, "-m", module, json.dumps(point_to_json(point)), schedule],
        env=environment_here | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        lines = child.stderr.strip().splitlines() or [f"{module} ended with code {child.returncode}"]
        raise MachineError(lines[-1])
    return tuple(KernelResources(**json.loads(line)) for line in child.stdout.splitlines() if line.startswith("{"))


def answer(find: Callable[[Point, str], Sequence[KernelResources]]) -> int:
    """The child's end of `from_child`: a line of JSON for each kernel, or one line on standard error and a code."""
    try:
        kernels = find(point_from_json(json.loads(sys.argv[1])), sys.argv[2])
    except OpbenchError as exc:
        print(exc, file=sys.stderr)
        return exc.exit_code
    for kernel in dict.fromkeys(kernels):  # one that is launched twice is the same kernel
        print(json.dumps(asdict(kernel)), flush=True)
    return 0
