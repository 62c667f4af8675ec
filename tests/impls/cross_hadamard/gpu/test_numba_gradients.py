"""The Numba kernels' gradients against loops in float64, by both kernels that compute them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

if not torch.cuda.is_available():
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"  # before the first import of numba
pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from impls.cross_hadamard import pairs
from impls.cross_hadamard.gpu import numba_kernels
from impls.cross_hadamard.gpu.numba_kernels import planning

from ....rows import rows
from .numba_values import (
    DEVICE,
    DTYPES,
    NORMALISED,
    at_odd_address,
    definition,
    indices,
    near,
    parameters,
    rounded,
    same,
    selected,
    values,
)

if TYPE_CHECKING:
    from torch import Tensor


PATHS = {"owner": 10**9, "columns": 1}
"""Places from which on the columns kernel serves."""


def take(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SETTINGS", replace(planning.SETTINGS, places=PATHS[path]))


def gradient_of_x(grad: Tensor, x: Tensor, index: Tensor | None, passed: Tensor | None = None) -> Tensor:
    """By the definition's loops: sum over j != i of grad[i, j] * z[j], at each position's channel, in float64."""
    z = selected(x, index)
    n, result = z.shape[1], torch.zeros(x.shape, dtype=torch.float64) if passed is None else passed.clone()
    for b in range(x.shape[0]):
        for i in range(n):
            c = i if index is None else int(index[b, i])
            for j in range(n):
                if i != j and 0 <= c < x.shape[1]:
                    result[b, c] += grad[b, pairs.pair_to_flat(min(i, j), max(i, j), n)] * z[b, j]
    return result


@rows("dtype", DTYPES)
@pytest.mark.parametrize("path", PATHS)
def test_the_gradient_of_x_sums_over_partners(path: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    take(path, monkeypatch)
    # 9 positions are three tiles of the columns kernel: only then does a row of tiles that is not the first go on.
    for shape, k in (((2, 3, 1, 5), None), ((1, 6, 2, 2), None), ((1, 9, 1, 1), None), ((2, 3, 1, 4), 5)):
        x, index = values(*shape, dtype=dtype), None if k is None else indices(shape[0], k, shape[1])
        n = k or shape[1]
        grad = values(shape[0], n * (n - 1) // 2, *shape[2:], dtype=dtype, seed=3)
        grad_x = torch.full_like(x, 7.0)
        numba_kernels.backward(grad, x, index, grad_x)
        near(grad_x, gradient_of_x(grad.double().cpu(), x, index), dtype, terms=n)


@pytest.mark.parametrize("path", PATHS)
def test_channels_outside_the_index_get_zero_and_a_wrong_index_gets_none(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(path, monkeypatch)
    x, index = values(1, 5, 1, 3, dtype=torch.float32), torch.tensor([[1, 4, 1, 9]], device=DEVICE)
    grad = values(1, 6, 1, 3, dtype=torch.float32, seed=3)
    grad_x = torch.full_like(x, 7.0)
    numba_kernels.backward(grad, x, index, grad_x)
    near(grad_x, gradient_of_x(grad.double().cpu(), x, index), torch.float32)
    assert (grad_x[:, [0, 2, 3]] == 0).all()


@pytest.mark.parametrize("path", PATHS)
def test_repeated_positions_are_rounded_once_together(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three terms of 1.0039: rounded one by one to bfloat16 they would make 3, together they make 3.015625."""
    take(path, monkeypatch)
    x = torch.ones(1, 2, 1, 1, dtype=torch.bfloat16, device=DEVICE)
    x[0, 1] = 1.0078125
    index = torch.tensor([[0, 0, 0, 1]], device=DEVICE)
    grad = torch.zeros(1, 6, 1, 1, dtype=torch.bfloat16, device=DEVICE)
    grad[0, [2, 4, 5]] = 0.99609375
    grad_x = torch.empty_like(x)
    numba_kernels.backward(grad, x, index, grad_x)
    same(grad_x.cpu(), rounded(gradient_of_x(grad.double().cpu(), x, index), torch.bfloat16))
    assert grad_x[0, 0] == 3.015625


@pytest.mark.parametrize("path", PATHS)
def test_the_same_gradients_come_out_bit_for_bit_every_time(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    take(path, monkeypatch)
    x, index = values(2, 4, 1, 7, dtype=torch.float32), indices(2, 5, 4)
    grad = values(2, 10 + 4, 1, 7, dtype=torch.float32, seed=3)
    given_ = parameters(10, x.dtype)
    actual = []
    for _ in range(2):
        grad_x = torch.empty_like(x)
        actual.append((grad_x, numba_kernels.expand_backward(grad, x, index, *given_, "tanh", grad_x)))
    assert torch.equal(actual[0][0], actual[1][0])
    assert torch.equal(actual[0][1], actual[1][1])


@rows("norm, dtype", NORMALISED)
@pytest.mark.parametrize("path", PATHS)
def test_the_expansion_s_gradients_are_those_of_its_definition(
    path: str, norm: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(path, monkeypatch)
    batch, channels, k, space = 2, 5, 4, (1, 4) if path == "columns" else (1, 3)
    x, index = values(batch, channels, *space, dtype=dtype), indices(batch, k, channels)
    given_ = parameters(6, dtype)
    grad = values(batch, channels + 6, *space, dtype=dtype, seed=3)
    grad_x = torch.full_like(x, 7.0)
    sums = numba_kernels.expand_backward(grad, x, index, *given_, norm, grad_x).double().cpu().sum(0)

    wide, g = x.double().cpu().requires_grad_(), grad.double().cpu()
    alpha, weight, bias = (one.double().cpu().requires_grad_() for one in given_)
    z = torch.stack([wide[b, index[b].cpu()] for b in range(batch)])
    by_x, by_alpha, by_weight, by_bias = torch.autograd.grad(
        definition(wide, z, (alpha, weight, bias), norm), (wide, alpha, weight, bias), g
    )
    accumulated = torch.float64 if dtype == torch.float64 else torch.float32
    near(grad_x, by_x, dtype, terms=k)
    near(sums[0], by_weight, accumulated, terms=k)
    near(sums[1], by_bias, accumulated, terms=k)
    near(sums[2].sum().reshape(1), by_alpha, accumulated, terms=4 * k)


def test_sums_come_in_parts_where_one_block_would_be_alone() -> None:
    x, index = values(3, 2, 1, 5, dtype=torch.float64), indices(3, 2, 2)
    grad, grad_x = values(3, 3, 1, 5, dtype=torch.float64, seed=3), torch.empty(3, 2, 1, 5, dtype=torch.float64)
    sums = numba_kernels.expand_backward(grad, x, index, *parameters(1, x.dtype), "tanh", grad_x.to(DEVICE))
    assert sums.shape[1:] == (3, 1)
    assert sums.shape[0] > 1 or DEVICE == "cuda"
    near(sums[:, 1].sum(0), grad[:, 2].double().cpu().sum().reshape(1), torch.float64, terms=4)


@pytest.mark.parametrize("moved", ["grad", "x", "grad_x"])
@pytest.mark.parametrize("path", ["owner", "columns"])
def test_tensors_of_the_backward_may_begin_at_any_element(
    path: str, moved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(path, monkeypatch)
    tensors = {
        "grad": values(1, 3, 1, 4, dtype=torch.float16, seed=3),
        "x": values(1, 3, 1, 4, dtype=torch.float16),
        "grad_x": values(1, 3, 1, 4, dtype=torch.float16),
    }
    tensors[moved] = at_odd_address(tensors[moved])
    numba_kernels.backward(tensors["grad"], tensors["x"], None, tensors["grad_x"])
    expected = gradient_of_x(tensors["grad"].double().cpu(), tensors["x"], None)
    near(tensors["grad_x"], expected, torch.float16, terms=3)
