"""Hand-written C++ kernels for the CPU and CUDA C++ kernels for a GPU, built on first use (13 s of a processor)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls import native
from impls.cross_hadamard import cpp_kernels, steps
from impls.cross_hadamard.backend_entry import backend_of
from impls.cross_hadamard.gpu.adapter import kernels_of
from impls.cross_hadamard.kernels import SCHEDULES, Kernels
from opbench import Preparing, simulation
from opbench.ptx import current as ptx_device

if TYPE_CHECKING:
    from torch import Tensor

    from impls.cross_hadamard.gpu.adapter import Launcher
    from impls.cross_hadamard.kernels import Gradients, Statistics
    from opbench import KernelResources, Point


def _load() -> Launcher:
    from impls.cross_hadamard.gpu import nvcc_kernels

    return nvcc_kernels


_CUDA = kernels_of(_load)


def _on_gpu(x: Tensor) -> bool:
    """Tensors on the CPU are for the GPU's kernels while a device of `opbench.ptx` is active."""
    return x.is_cuda or ptx_device() is not None


def forward(x: Tensor, index: Tensor | None, out: Tensor | None, schedule: str) -> Tensor:
    if _on_gpu(x):
        return _CUDA.forward(x, index, out, schedule)
    return cpp_kernels.forward(x, index, out, schedule)


def backward(grad: Tensor, x: Tensor, index: Tensor | None) -> Tensor:
    if _on_gpu(x):
        return _CUDA.backward(grad, x, index)
    return cpp_kernels.backward(grad, x, index)


def expand(x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, schedule: str) -> Tensor:
    if _on_gpu(x):
        return _CUDA.expand(x, index, alpha, weight, bias, norm, schedule)
    return cpp_kernels.expand(x, index, alpha, weight, bias, norm, schedule)


def expand_backward(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str
) -> Gradients:
    if _on_gpu(x):
        return _CUDA.expand_backward(grad, x, index, alpha, weight, bias, norm)
    return cpp_kernels.expand_backward(grad, x, index, alpha, weight, bias, norm)


def select_expand(
    x: Tensor,
    taps: Tensor,
    k: int,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str,
    schedule: str,
    statistics: Statistics | None,
) -> Tensor:
    if not _on_gpu(x):
        return cpp_kernels.select_expand(x, taps, k, alpha, weight, bias, norm, schedule, statistics)
    if statistics is not None:
        weight, bias = steps.affine(weight, bias, statistics)
    return _CUDA.expand(x, steps.strongest(x, taps, k), alpha, weight, bias, norm, schedule)


def unavailable(device: str) -> str | None:
    if device == "cuda":
        return native.why_not(cuda=True)
    if simulation.on_ptx():
        from impls.cross_hadamard.gpu import nvcc_kernels

        return nvcc_kernels.unavailable_on_ptx()
    return native.why_not()


def preparing() -> Preparing:
    return native.building(cpp_kernels.NAME, cpp_kernels.SOURCES, cpp_kernels.IN_VARIANTS)


def resources(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    from impls.cross_hadamard.resources import cuda_cpp

    return cuda_cpp.by_nvcc(point, schedule)


KERNELS = Kernels(forward, backward, expand, expand_backward, select_expand)

BACKEND = backend_of(
    "cpp_ext",
    about="C++ kernels on the CPU, CUDA C++ kernels on a GPU",
    schedules=SCHEDULES,
    rank=10,
    look=("#0072B2", "o"),
    ptx="nvcc's PTX, or NVRTC's without nvcc",
    unavailable=unavailable,
    resources=resources,
    preparing=preparing,
)
