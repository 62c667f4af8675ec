"""The CUDA kernels on the CPU: compiled for the host behind a launch shim that runs their threads and checks their
memory accesses. For correctness on machines without a GPU; slow by nature, and never to be timed.

The four functions take contiguous, non-empty, checked CPU tensors, as every kernel language here does.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impls.native import load

if TYPE_CHECKING:
    from torch import Tensor

CSRC = Path(__file__).parents[1] / "csrc"
COMPILED = tuple(CSRC / "host" / name for name in ("binding.cpp", "grid.cpp", "selftest.cpp"))


def sources() -> tuple[Path, ...]:
    """What is compiled, then every header it includes: together they are the library's cache key."""
    headers = [
        file for folder in ("cuda", "host") for file in (CSRC / folder).iterdir() if file.suffix in {".h", ".cuh"}
    ]
    return (*COMPILED, *sorted(headers))


@lru_cache(maxsize=1)
def operators() -> Any:
    """`torch.ops.opbench_host`, built once per machine and loaded. Raises MachineError when it does not build."""
    return load("opbench_host", sources(), headers=True)


def forward(x: Tensor, index: Tensor | None, out: Tensor, schedule: str) -> None:
    """out (B, P, H, W) = products of x (B, C, H, W), or of its channels index (B, k) int64; four schedules."""
    operators().forward(x, index, out, schedule)


def backward(grad: Tensor, x: Tensor, index: Tensor | None, grad_x: Tensor) -> None:
    """grad_x (B, C, H, W), written whole, from grad (B, P, H, W)."""
    operators().backward(grad, x, index, grad_x)


def expand(
    x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, out: Tensor, schedule: str
) -> None:
    """out (B, C + P, H, W) = x, then normalised products; alpha (1,), weight, bias (P,) float32 (or all float64)."""
    operators().expand(x, index, alpha, weight, bias, norm, out, schedule)


def expand_backward(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, grad_x: Tensor
) -> Tensor:
    """grad_x (B, C, H, W), written whole; sums (parts, 3, P) for weight, bias, alpha; from grad (B, C + P, H, W)."""
    sums: Tensor = operators().expand_backward(grad, x, index, alpha, weight, bias, norm, grad_x)
    return sums
