"""What the Numba kernels take of a GPU: the launches of a point, compiled to PTX by Numba and from there by ptxas.

In a process of its own: Numba decides at its import whether it simulates, and without a GPU it has to be told what it
would otherwise ask of one.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from impls.cross_hadamard.resources import dry_run
from opbench import KernelResources
from opbench.errors import MachineError
from opbench.ptx.compilers.numba_compiler import compiled, numba, toolkit
from opbench.ptx.cost import ptxas_report

if TYPE_CHECKING:
    from opbench import Point


def resources(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    """Raises MachineError where numba-cuda, NVVM or ptxas is missing, and with the first error of either."""
    if importlib.util.find_spec("numba_cuda") is None:
        raise MachineError("numba-cuda is not installed; python -m pip install numba-cuda")
    root = toolkit()
    return dry_run.from_child(__name__, point, schedule, {"CUDA_HOME": root} if root else None)


def ptxas() -> str:
    """Of the toolkit whose NVVM made the PTX, else the one on the PATH, else the newer and the older of triton's.

    Raises MachineError where there is none.
    """
    places = [Path(root) / "bin" / "ptxas"] if (root := toolkit()) else []
    if on_path := shutil.which("ptxas"):
        places.append(Path(on_path))
    triton = importlib.util.find_spec("triton")
    if triton is not None and triton.origin:
        tools = Path(triton.origin).parent / "backends" / "nvidia" / "bin"
        places += [tools / "ptxas-blackwell", tools / "ptxas"]
    for place in places:
        if place.exists():
            return str(place)
    raise MachineError("no ptxas: install the CUDA toolkit, or set CUDA_HOME to it")


def found(point: Point, schedule: str) -> list[KernelResources]:
    """In a process that has not imported Numba to simulate."""
    architecture, _ = dry_run.target()
    return [_compiled(*launch, architecture) for launch in _launches(point, schedule)]


def _launches(point: Point, schedule: str) -> list[tuple[Any, int, int]]:
    """Kernel, number of its arguments, and bytes of dynamic shared memory."""
    from impls.cross_hadamard.gpu import numba_kernels
    from impls.cross_hadamard.gpu.numba_kernels import gradients, products

    launches: list[tuple[Any, int, int]] = []

    def record(kernel: Any, _: Any, __: Any, arguments: tuple[Any, ...], shared: int = 0) -> None:
        launches.append((kernel, len(arguments), shared))

    with mock.patch.object(products, "launch", record), mock.patch.object(gradients, "launch", record):
        dry_run.run(point, schedule, numba_kernels)
    return launches


def _compiled(kernel: Any, count: int, dynamic: int, architecture: str) -> KernelResources:
    signature = (numba("types").int64,) * count
    text = compiled(kernel.py_func, signature, f"sm_{architecture}", kernel.targetoptions).encode()
    (usage,) = ptxas_report.used(_report(text, architecture, kernel.targetoptions.get("max_registers"))).values()
    name, shared = kernel.py_func.__qualname__.partition(".")[0], usage.static_bytes + dynamic
    return KernelResources(
        name, usage.registers, usage.spill_bytes, shared, f"ptxas on Numba's PTX for sm_{architecture}"
    )


def _report(ptx: bytes, architecture: str, most: int | None) -> str:
    limit = [f"--maxrregcount={most}"] if most else []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "kernel.ptx"
        source.write_bytes(ptx)
        words = [ptxas(), "-v", f"-arch=sm_{architecture}", *limit, str(source), "-o", str(source) + ".cubin"]
        assembly = subprocess.run(words, capture_output=True, text=True, check=False)
    if assembly.returncode:
        first = (assembly.stderr.strip().splitlines() or ["no reason"])[0]
        raise MachineError(f"ptxas does not take Numba's PTX: {first}")
    return assembly.stderr


if __name__ == "__main__":
    raise SystemExit(dry_run.answer(found))
