"""Values, definitions and comparisons that the tests of the Numba kernels share.

On the GPU where there is one, else in Numba's simulator. A simulated thread is a Python thread, so shapes are tiny; the
rules that choose tiles, chunks and kernels are then those of `planning.SIMULATOR`, which reach every branch there.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import pytest
import torch

if not torch.cuda.is_available():
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"  # before the first import of numba
pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from impls.cross_hadamard.gpu import numba_kernels
from impls.cross_hadamard.gpu.numba_kernels.language import target

from ..subjects import told_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

DEVICE = "cpu" if target.SIMULATED else "cuda"
DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
SCHEDULES = ("direct", "balanced", "blocked", "flat")
OURS = ("blocked", "flat")
NORMS = ("softsign", "sigmoid", "algebraic", "tanh", "identity")
NORMALISED = [(norm, dtype) for dtype in DTYPES for norm in NORMS if told_apart(norm, dtype)]
TOLERANCE = {torch.float32: 3e-6, torch.float16: 1e-3, torch.bfloat16: 8e-3, torch.float64: 1e-12}
SHAPES = ((1, 2, 1, 1), (2, 3, 1, 7), (1, 9, 2, 2), (1, 6, 3, 3), (2, 5, 2, 4))
"""Maps of every vector width: odd, and of 2, 4, 8 and more elements; channels below, at and past a tile's edge."""


def values(*shape: int, dtype: torch.dtype, seed: int = 1) -> Tensor:
    made = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return made.to(dtype).to(DEVICE)


def indices(batch: int, k: int, channels: int) -> Tensor:
    """Random, and as k passes C repeated."""
    made = torch.randint(channels, (batch, k), generator=torch.Generator().manual_seed(k))
    return made.to(DEVICE)


def rounded(exact: Tensor, dtype: torch.dtype) -> Tensor:
    return exact.to(dtype)


def selected(x: Tensor, index: Tensor | None) -> Tensor:
    """z (B, n, H, W) in float64; NaN where the index names no channel."""
    wide = x.double().cpu()
    if index is None:
        return wide
    z = torch.full((index.shape[0], index.shape[1], *x.shape[2:]), math.nan, dtype=torch.float64)
    for b, row in enumerate(index.tolist()):
        for i, c in enumerate(row):
            if 0 <= c < x.shape[1]:
                z[b, i] = wide[b, c]
    return z


def pair_products(z: Tensor) -> Tensor:
    n = z.shape[1]
    return torch.stack([z[:, i] * z[:, j] for i in range(n) for j in range(i + 1, n)], dim=1)


def forward(x: Tensor, index: Tensor | None, schedule: str) -> Tensor:
    n = x.shape[1] if index is None else index.shape[1]
    out = torch.full((x.shape[0], n * (n - 1) // 2, *x.shape[2:]), 7.0, dtype=x.dtype, device=DEVICE)
    numba_kernels.forward(x, index, out, schedule)
    return out.cpu()


def same(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


def near(actual: Tensor, expected: Tensor, dtype: torch.dtype, terms: int = 1) -> None:
    tolerance = TOLERANCE[dtype] * terms
    torch.testing.assert_close(actual.double().cpu(), expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def at_odd_address(tensor: Tensor) -> Tensor:
    """The same values, one element past where the allocator would put them."""
    room = torch.full((tensor.numel() + 2,), 7.0, dtype=tensor.dtype, device=DEVICE)
    moved = room[1:-1].view(tensor.shape)
    moved.copy_(tensor)
    return moved


def normalise(name: str, u: Tensor) -> Tensor:
    if name == "softsign":
        return u / (1 + u.abs())
    if name == "sigmoid":
        return u.sigmoid() - 0.5
    if name == "identity":
        return u
    return u.tanh() if name == "tanh" else u / (1 + u * u).sqrt()


def parameters(pair_count: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    weight, bias = values(2, pair_count, dtype=wide, seed=2)
    return torch.tensor([0.7], dtype=wide, device=DEVICE), weight.clone(), bias.clone()


def definition(x: Tensor, z: Tensor, given_: Sequence[Tensor], norm: str) -> Tensor:
    alpha, weight, bias = given_
    made = normalise(norm, alpha * pair_products(z)) * weight[:, None, None] + bias[:, None, None]
    return torch.cat([x, made], dim=1)
