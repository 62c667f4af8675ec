"""The CUDA C++ kernels (`csrc/cuda/`) compiled at run time by NVRTC and launched through CuPy: no nvcc needed.

Simulated, the same source is compiled for the host by the C++ compiler and run thread by thread (`host_kernels.py`), or
NVRTC's PTX is executed by `opbench.ptx` (`cuda_on_ptx.py`).
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from impls.cross_hadamard.backend_entry import backend_of
from impls.cross_hadamard.gpu.adapter import kernels_of
from impls.cross_hadamard.kernels import SCHEDULES
from impls.native import why_not
from opbench import ptx, simulation

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.adapter import Launcher
    from opbench import KernelResources, Point


def _load() -> Launcher:
    if simulation.active() and not simulation.on_ptx() and ptx.current() is None:
        from impls.cross_hadamard.gpu import host_kernels

        return host_kernels
    from impls.cross_hadamard.gpu import cupy_kernels

    return cupy_kernels


def unavailable(device: str) -> str | None:
    if device == "cpu" and not simulation.on_ptx():  # the source, simulated
        return why_not()
    if importlib.util.find_spec("cupy") is None:
        return "cupy is not installed; python -m pip install cupy-cuda13x (or cupy-cuda12x)"
    from impls.cross_hadamard.gpu import cupy_kernels, nvrtc

    return nvrtc.why_not() if device == "cpu" else cupy_kernels.unavailable()


def resources(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    from impls.cross_hadamard.resources import cuda_cpp

    return cuda_cpp.by_nvrtc(point, schedule)


KERNELS = kernels_of(_load)

BACKEND = backend_of(
    "cupy_raw",
    about="CUDA C++ kernels through CuPy and NVRTC",
    devices=frozenset({"cuda"}),
    schedules=SCHEDULES,
    rank=30,
    look=("#CC79A7", "P"),
    simulator="the CUDA source compiled for the host, threads as fibers",
    ptx="NVRTC's PTX",
    unavailable=unavailable,
    resources=resources,
)
