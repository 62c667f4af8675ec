"""Gradients where an index names channels that x lacks: those of their partners are NaN, in three languages alike.

Nobody looks at an index while a graph is captured. A sum that such a channel adds 0 to looks like a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from impls.cross_hadamard.backends.torch_eager import KERNELS as EAGER
from impls.cross_hadamard.gpu import cuda_on_ptx, cupy_kernels, nvrtc
from impls.cross_hadamard.gpu.launch_plan import Device
from opbench import ptx

INDEX = torch.tensor([[0, 7, 2, -1]])
FIRST_WITH_THIRD = 1
"""The only pair of two channels that are there."""


def values(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@contextmanager
def triton(kind: str, patched: pytest.MonkeyPatch) -> Iterator[Any]:
    del patched
    pytest.importorskip("triton", reason="triton is not installed")
    from impls.cross_hadamard.gpu.triton_kernels import operations
    from impls.cross_hadamard.gpu.triton_kernels.planning import Configuration

    given = Configuration(0 if kind == "columns" else 16, 32, 1)
    yield SimpleNamespace(**{name: partial(getattr(operations, name), configuration=given) for name in OPERATIONS})


@contextmanager
def numba(kind: str, patched: pytest.MonkeyPatch) -> Iterator[Any]:
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")
    from impls.cross_hadamard.gpu import numba_kernels
    from impls.cross_hadamard.gpu.numba_kernels import planning

    patched.setattr(planning, "SETTINGS", replace(planning.SETTINGS, places=1 if kind == "columns" else 10**9))
    yield numba_kernels


@contextmanager
def cuda(kind: str, patched: pytest.MonkeyPatch) -> Iterator[Any]:
    if reason := nvrtc.why_not():
        pytest.skip(reason)
    multiprocessors = 0 if kind == "columns" else 1000  # of none, any number of places is enough for `columns`
    patched.setattr(cuda_on_ptx, "device_of", lambda _: Device(multiprocessors, 232448))
    with ptx.device(poison=True) as device:
        yield cupy_kernels
    assert all(kind in result.kernel for result in device.results)


LANGUAGES: dict[str, Callable[[str, pytest.MonkeyPatch], Any]] = {"triton": triton, "numba": numba, "cuda": cuda}
OPERATIONS = "backward", "expand_backward"
in_every_way = pytest.mark.parametrize(
    ("language", "kind"), [(language, kind) for language in LANGUAGES for kind in ("columns", "owner")]
)


@in_every_way
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_products_gradient_is_nan_for_partners_and_0_for_others(
    language: str, kind: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, grad = values(1, 3, 1, 5, dtype=dtype), values(1, 6, 1, 5, seed=3, dtype=dtype)
    grad_x = torch.full_like(x, 7.0)
    with LANGUAGES[language](kind, monkeypatch) as kernels:
        kernels.backward(grad, x, INDEX, grad_x)
    assert grad_x[0, [0, 2]].isnan().all()
    assert (grad_x[0, 1] == 0).all()


@in_every_way
@pytest.mark.parametrize("norm", ["identity", "tanh"])
def test_the_expansions_gradients_are_nan_for_partners_and_their_pairs(
    language: str, kind: str, norm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, grad = values(1, 3, 1, 5), values(1, 9, 1, 5, seed=3)
    alpha, weight, bias = (values(count, seed=count) for count in (1, 6, 6))
    grad_x = torch.full_like(x, 7.0)
    with LANGUAGES[language](kind, monkeypatch) as kernels:
        sums = kernels.expand_backward(grad, x, INDEX, alpha, weight, bias.clone(), norm, grad_x).sum(0)
    assert grad_x[0, [0, 2]].isnan().all()
    assert torch.equal(grad_x[0, 1], grad[0, 1])  # of the copy alone
    there = torch.arange(6) == FIRST_WITH_THIRD
    torch.testing.assert_close(sums[1], grad[0, 3:].sum((1, 2)), rtol=1e-5, atol=1e-5)
    assert sums[[0, 2]].isnan().tolist() == [(~there).tolist()] * 2
    of_pair = torch.cat([grad[:, :3], grad[:, 3:][:, there]], 1)
    want = EAGER.expand_backward(of_pair, x, INDEX[:, [0, 2]], alpha, weight[there], bias[there], norm)
    torch.testing.assert_close(sums[[0, 2], FIRST_WITH_THIRD], torch.cat([want[2], want[1]]), rtol=1e-5, atol=1e-5)
