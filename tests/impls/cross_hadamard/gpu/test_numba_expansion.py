"""The Numba kernels' normalised expansion against its definition in float64."""

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

from ....rows import rows
from .numba_values import (
    DEVICE,
    NORMALISED,
    NORMS,
    OURS,
    SHAPES,
    definition,
    indices,
    near,
    pair_products,
    parameters,
    selected,
    values,
)

if TYPE_CHECKING:
    from torch import Tensor


def expand(x: Tensor, index: Tensor, norm: str, schedule: str) -> tuple[Tensor, Tensor]:
    """What the kernel gives, and the float64 definition."""
    given_ = parameters(index.shape[1] * (index.shape[1] - 1) // 2, x.dtype)
    expected = definition(x.double().cpu(), selected(x, index), [one.double().cpu() for one in given_], norm)
    out = torch.full(expected.shape, 7.0, dtype=x.dtype, device=DEVICE)
    numba_kernels.expand(x, index, *given_, norm, out, schedule)
    return out, expected


@rows("norm, dtype", NORMALISED)
@pytest.mark.parametrize("schedule", OURS)
def test_the_expansion_is_x_and_its_normalised_pairs(schedule: str, norm: str, dtype: torch.dtype) -> None:
    for (batch, channels, *space), k in zip(SHAPES[1:4], (3, 6, 5), strict=True):
        x = values(batch, channels, *space, dtype=dtype)
        actual, expected = expand(x, indices(batch, k, channels), norm, schedule)
        near(actual, expected, dtype)
        assert torch.equal(actual[:, :channels], x)


@rows("dtype", [torch.float32, torch.float16, torch.float64])
@rows("norm", [one for one in NORMS if one != "identity"])
def test_an_overflowing_product_reaches_the_bound_and_nan_stays(norm: str, dtype: torch.dtype) -> None:
    huge = torch.finfo(dtype).max
    x = torch.tensor([huge, huge, -huge, math.inf, math.nan], dtype=dtype, device=DEVICE).reshape(1, 5, 1, 1)
    wide = parameters(10, dtype)[0].dtype
    index = torch.arange(5, device=DEVICE).reshape(1, 5)
    ones, zeros = (torch.full((10,), value, dtype=wide, device=DEVICE) for value in (1.0, 0.0))
    out = torch.empty(1, 15, 1, 1, dtype=dtype, device=DEVICE)
    numba_kernels.expand(x, index, ones[:1], ones, zeros, norm, out, "blocked")
    bound = 0.5 if norm == "sigmoid" else 1.0
    exact = pair_products(selected(x, index))
    expected = torch.where(exact.isnan(), exact, exact.sign() * bound)
    near(out[:, 5:], expected, dtype)


@pytest.mark.parametrize("schedule", OURS)
def test_an_expansion_with_an_index_outside_gives_nan_there(schedule: str) -> None:
    x, index = values(1, 3, 1, 5, dtype=torch.float32), torch.tensor([[0, 3, 2]], device=DEVICE)
    actual, expected = expand(x, index, "softsign", schedule)
    near(actual, expected, torch.float32)
    assert actual.isnan().sum() == 2 * 5
