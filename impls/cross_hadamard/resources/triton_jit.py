"""What the Triton kernels take of a GPU: the launches of a point, compiled by triton in a process of its own."""

from __future__ import annotations

import importlib.util
from functools import partial
from typing import TYPE_CHECKING

from impls.cross_hadamard.resources import dry_run
from opbench import KernelResources
from opbench.errors import MachineError

if TYPE_CHECKING:
    from opbench import Point


def resources(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    """Raises MachineError where triton is missing or cannot compile for NVIDIA."""
    if importlib.util.find_spec("triton") is None:
        raise MachineError("triton is not installed; python -m pip install triton")
    return dry_run.from_child(__name__, point, schedule)


def found(point: Point, schedule: str) -> list[KernelResources]:
    """In a process that has not imported triton to interpret.

    What spilled is the size of a thread's stack: these kernels have nothing else there, and ptxas agreed where asked.
    """
    from triton.backends.compiler import GPUTarget

    from impls.cross_hadamard.gpu import triton_kernels
    from impls.cross_hadamard.gpu.triton_kernels import compiling

    if reason := compiling.why_not():
        raise MachineError(f"triton compiles nothing here: {reason}")
    architecture, _ = dry_run.target()
    reports = [
        compiling.compile_launch(launch, GPUTarget("cuda", int(architecture), 32))
        for launch in compiling.recorded(partial(dry_run.run, point, schedule, triton_kernels))
    ]
    source = f"Triton's ptxas for sm_{architecture}"
    return [
        KernelResources(_name(report), report["registers"], report["spilled"], report["shared"], source)
        for report in reports
    ]


def _name(report: dict[str, str]) -> str:
    names = "norm", "tile", "rows", "block", "side", "vector", "unit", "warps"
    constants = {name: report[name] for name in names if name in report}
    return f"{report['kernel']}[{', '.join(f'{name}={value}' for name, value in constants.items())}]"


if __name__ == "__main__":
    raise SystemExit(dry_run.answer(found))
