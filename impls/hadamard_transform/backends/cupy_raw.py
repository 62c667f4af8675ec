"""The CUDA C++ kernel compiled at run time by NVRTC and launched through CuPy: no nvcc needed.

Simulated, what NVRTC emits is executed by `opbench.ptx`.
"""

from __future__ import annotations

import importlib.util
from contextlib import nullcontext
from typing import TYPE_CHECKING

from impls.hadamard_transform.backend_entry import Call, backend_of
from opbench import ptx

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch


def launch_of(call: Call) -> Launch:
    from impls.hadamard_transform.gpu import cuda_kernel

    def launch() -> Tensor:
        with nullcontext() if call.x.is_cuda or ptx.current() is not None else ptx.device():
            return cuda_kernel.transform(call)

    return launch


def unavailable(device: str) -> str | None:
    if importlib.util.find_spec("cupy") is None:
        return "cupy is not installed; python -m pip install cupy-cuda13x (or cupy-cuda12x)"
    from impls.cross_hadamard.gpu import cupy_kernels, nvrtc

    return nvrtc.why_not() if device == "cpu" else cupy_kernels.unavailable()


BACKEND = backend_of(
    launch_of,
    about="a CUDA C++ kernel through CuPy and NVRTC",
    devices=frozenset({"cuda"}),
    rank=20,
    look=("#CC79A7", "P"),
    simulator="the PTX that NVRTC emits, executed by opbench.ptx",
    unavailable=unavailable,
)
