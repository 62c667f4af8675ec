"""The backends that run on this machine's processor, and the explicit matrix that they are held against."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impls.hadamard_transform.functional import hadamard_transform
from impls.hadamard_transform.matrices import matrix_of
from impls.native import why_not

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-13, torch.float16: 4e-3, torch.bfloat16: 4e-2}
"""Of results whose root mean square is 1."""

BACKENDS = (
    pytest.param(
        "cpp_ext", marks=[pytest.mark.compiler, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]
    ),
    "torch_eager",
    "torch_factors",
    "torch_matmul",
)

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 12, 24, 96, 192, 20, 320, 28, 56, 448)


def drawn(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def signs_of(size: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.where(drawn(size, seed=1) < 0, -1.0, 1.0).to(dtype)


def defined(x: Tensor, signs: Tensor | None = None, block: int = 0) -> Tensor:
    """The orthonormal transform by its matrix, in float64."""
    chosen = block or x.shape[-1]
    y = x.double() if signs is None else x.double() * signs.double()
    product: Tensor = y.reshape(-1, chosen) @ matrix_of(chosen).T
    scaled: Tensor = product.reshape(x.shape) / chosen**0.5
    return scaled


__all__ = ["BACKENDS", "DTYPES", "SIZES", "TOLERANCE", "defined", "drawn", "hadamard_transform", "signs_of"]
