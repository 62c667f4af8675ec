"""The CUDA kernels as a torch extension, built by nvcc on first use; operators of namespace `opbench_cuda`.

The four functions take contiguous, non-empty, checked tensors on one CUDA device and launch on its current stream.
While a device of `opbench.ptx` is active they take tensors on the CPU: the extension's own launcher needs a GPU, so
what `launch_plan.py` says in its place is launched there, of nvcc's PTX, or of NVRTC's where there is no nvcc.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu import cuda_on_ptx, cupy_kernels, nvcc_ptx, nvrtc
from impls.native import load, why_not
from opbench import ptx

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = Path(__file__).parents[1] / "csrc" / "cuda"


def sources() -> tuple[Path, ...]:
    """The one file that nvcc compiles, then every header: together they are the library's cache key."""
    headers = [file for file in FOLDER.iterdir() if file.suffix in {".h", ".cuh"}]
    return (FOLDER / "binding.cu", *sorted(headers))


def unavailable() -> str | None:
    """Why the extension cannot be built or run here, or None."""
    return why_not(cuda=True)


@lru_cache(maxsize=1)
def operators() -> Any:
    """`torch.ops.opbench_cuda`, built (a minute or two, once per machine) and loaded if it was not.

    Raises MachineError with the compiler's last words when it does not build, and with what is missing where it cannot.
    """
    return load("opbench_cuda", sources())


@lru_cache(maxsize=1)
def _overloads() -> tuple[Any, Any, Any, Any]:
    # Calling the overload itself skips the packet's overload resolution.
    library = operators()
    names = ("forward", "backward", "expand", "expand_backward")
    forward_, backward_, expand_, expand_backward_ = (getattr(library, name).default for name in names)
    return forward_, backward_, expand_, expand_backward_


def compiler_on_ptx() -> str:
    """Whose PTX is executed while a device of `opbench.ptx` is active: "nvcc" or "NVRTC"."""
    return "NVRTC" if nvcc_ptx.nvcc() is None else "nvcc"


def unavailable_on_ptx() -> str | None:
    """Why there would be no PTX to execute, or None."""
    return None if nvcc_ptx.nvcc() is not None else nvrtc.why_not()


def _on_ptx() -> AbstractContextManager[None]:
    return cuda_on_ptx.compiled_by(nvcc_ptx.ptx_of if compiler_on_ptx() == "nvcc" else nvrtc.ptx_of)


def forward(x: Tensor, index: Tensor | None, out: Tensor, schedule: str) -> None:
    """out (B, P, H, W) = products of x (B, C, H, W), or of its channels index (B, k) int64; four schedules."""
    if ptx.current() is not None:
        with _on_ptx():
            cupy_kernels.forward(x, index, out, schedule)
        return
    _overloads()[0](x, index, out, schedule)


def backward(grad: Tensor, x: Tensor, index: Tensor | None, grad_x: Tensor) -> None:
    """grad_x (B, C, H, W), written whole, from grad (B, P, H, W)."""
    if ptx.current() is not None:
        with _on_ptx():
            cupy_kernels.backward(grad, x, index, grad_x)
        return
    _overloads()[1](grad, x, index, grad_x)


def expand(
    x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, out: Tensor, schedule: str
) -> None:
    """out (B, C + P, H, W) = x, then normalised products; alpha (1,), weight, bias (P,) float32 (or all float64)."""
    if ptx.current() is not None:
        with _on_ptx():
            cupy_kernels.expand(x, index, alpha, weight, bias, norm, out, schedule)
        return
    _overloads()[2](x, index, alpha, weight, bias, norm, out, schedule)


def expand_backward(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, grad_x: Tensor
) -> Tensor:
    """grad_x (B, C, H, W), written whole; sums (parts, 3, P) for weight, bias, alpha; from grad (B, C + P, H, W)."""
    if ptx.current() is not None:
        with _on_ptx():
            return cupy_kernels.expand_backward(grad, x, index, alpha, weight, bias, norm, grad_x)
    sums: Tensor = _overloads()[3](grad, x, index, alpha, weight, bias, norm, grad_x)
    return sums
