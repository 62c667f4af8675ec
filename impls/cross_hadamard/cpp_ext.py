"""Hand-written C++ kernels for the CPU and CUDA C++ kernels for a GPU, built on first use (about 20 s on two cores)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from impls import native
from impls.cross_hadamard.dense import kernels_of
from impls.cross_hadamard.kernels import SCHEDULES, Kernels
from impls.cross_hadamard.launching import backend_of

if TYPE_CHECKING:
    from torch import Tensor

    from impls.cross_hadamard.dense import Launcher
    from impls.cross_hadamard.kernels import Gradients


def _on_cpu() -> Any:
    return importlib.import_module("impls.cross_hadamard.cpp_kernels")


def _load() -> Launcher:
    from impls.cross_hadamard import cuda_kernels

    return cuda_kernels


_CUDA = kernels_of(_load)


def forward(x: Tensor, index: Tensor | None, out: Tensor | None, schedule: str) -> Tensor:
    if x.is_cuda:
        return _CUDA.forward(x, index, out, schedule)
    pairs: Tensor = _on_cpu().forward(x, index, out, schedule)
    return pairs


def backward(grad: Tensor, x: Tensor, index: Tensor | None) -> Tensor:
    if x.is_cuda:
        return _CUDA.backward(grad, x, index)
    of_x: Tensor = _on_cpu().backward(grad, x, index)
    return of_x


def expand(x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, schedule: str) -> Tensor:
    if x.is_cuda:
        return _CUDA.expand(x, index, alpha, weight, bias, norm, schedule)
    expanded: Tensor = _on_cpu().expand(x, index, alpha, weight, bias, norm, schedule)
    return expanded


def expand_backward(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str
) -> Gradients:
    if x.is_cuda:
        return _CUDA.expand_backward(grad, x, index, alpha, weight, bias, norm)
    found: Gradients = _on_cpu().expand_backward(grad, x, index, alpha, weight, bias, norm)
    return found


def unavailable(device: str) -> str | None:
    return native.why_not(cuda=True) if device == "cuda" else native.why_not()


KERNELS = Kernels(forward, backward, expand, expand_backward)

BACKEND = backend_of(
    "cpp_ext",
    about="C++ kernels on the CPU, CUDA C++ kernels on a GPU",
    schedules=SCHEDULES,
    unavailable=unavailable,
)
