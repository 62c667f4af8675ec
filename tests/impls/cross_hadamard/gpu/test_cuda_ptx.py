"""The CUDA C++ kernels on the PTX machine, as NVRTC and nvcc compile them for sm_90, launched as planned."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor

from impls.cross_hadamard.backends.torch_eager import KERNELS as EAGER
from impls.cross_hadamard.gpu import cuda_on_ptx, cupy_kernels, nvcc_kernels, nvcc_ptx, nvrtc
from impls.cross_hadamard.gpu.adapter import kernels_of
from impls.cross_hadamard.gpu.launch_plan import Device
from opbench import ptx

CUPY, NVCC = kernels_of(lambda: cupy_kernels), kernels_of(lambda: nvcc_kernels)
SCHEDULES = "direct", "balanced", "blocked", "flat"
SHAPE = 2, 5, 7, 7
FIRST, SECOND = torch.triu_indices(5, 5, 1)


@pytest.fixture
def needs_nvrtc() -> None:
    if reason := nvrtc.why_not():
        pytest.skip(f"NVRTC emits the PTX: {reason}")


@pytest.fixture
def needs_nvcc() -> None:
    if nvcc_ptx.nvcc() is None:
        pytest.skip("no nvcc on the PATH: install the CUDA toolkit to compile the kernels")


def values(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def products(x: Tensor) -> Tensor:
    """Each rounded once."""
    return (x[:, FIRST].double() * x[:, SECOND].double()).to(x.dtype)


@pytest.mark.usefixtures("needs_nvrtc")
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_nvrtcs_products_are_rounded_once(schedule: str, dtype: torch.dtype) -> None:
    x = values(*SHAPE, dtype=dtype)
    with ptx.device() as device:
        out = CUPY.forward(x, None, None, schedule)
    assert torch.equal(out, products(x))
    assert device.results[0].counters.sectors_written >= -(-out.nbytes // 32)


@pytest.mark.usefixtures("needs_nvcc")
@pytest.mark.parametrize(
    ("schedule", "dtype"), [("balanced", torch.float16), ("blocked", torch.float64), ("flat", torch.bfloat16)]
)
def test_nvccs_products_are_rounded_once(schedule: str, dtype: torch.dtype) -> None:
    x = values(*SHAPE, dtype=dtype)
    with ptx.device():
        assert torch.equal(NVCC.forward(x, None, None, schedule), products(x))


@pytest.mark.usefixtures("needs_nvrtc")
@pytest.mark.parametrize("kind", ["columns", "owner"])
def test_the_gradient_equals_autograds(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    multiprocessors = 1 if kind == "owner" else 0  # of none, any number of places is enough for `columns`
    monkeypatch.setattr(cuda_on_ptx, "device_of", lambda _: Device(multiprocessors, 232448))
    x, grad = values(*SHAPE), values(2, 10, 7, 7, seed=1)
    with ptx.device() as device:
        grad_x = CUPY.backward(grad, x, None)
    assert kind in device.results[0].kernel
    wide = x.double().requires_grad_()
    (want,) = torch.autograd.grad(wide[:, FIRST] * wide[:, SECOND], wide, grad.double())
    assert torch.allclose(grad_x.double(), want, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("needs_nvrtc")
@pytest.mark.parametrize("norm", ["softsign", "tanh"])
@pytest.mark.parametrize("schedule", ["blocked", "flat"])
def test_the_expansion_and_its_gradients_equal_the_formulas(schedule: str, norm: str) -> None:
    x, index = values(*SHAPE), torch.tensor([[4, 0, 2], [1, 3, 2]])
    alpha, weight, bias = torch.tensor([0.5]), values(3, seed=1), values(3, seed=2)
    grad = values(2, 8, 7, 7, seed=3)
    want = EAGER.expand(x, index, alpha, weight, bias, norm, "")
    gradients = EAGER.expand_backward(grad, x, index, alpha, weight, bias, norm)
    with ptx.device():
        assert torch.allclose(CUPY.expand(x, index, alpha, weight, bias, norm, schedule), want, rtol=1e-5, atol=1e-6)
        found = CUPY.expand_backward(grad, x, index, alpha, weight, bias, norm)
    for mine, theirs in zip(found, gradients, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("needs_nvrtc")
@pytest.mark.parametrize(("kind", "most"), [("owner", 4), ("columns", 2.5)])
def test_the_expansions_gradients_come_from_one_pass(kind: str, most: float, monkeypatch: pytest.MonkeyPatch) -> None:
    multiprocessors = 1 if kind == "owner" else 0  # of none, any number of places is enough for `columns`
    monkeypatch.setattr(cuda_on_ptx, "device_of", lambda _: Device(multiprocessors, 232448))
    x, index, pairs = values(*SHAPE), torch.arange(5).expand(2, 5).contiguous(), torch.ones(10)
    grad, grad_x = values(2, 15, 7, 7, seed=3), torch.empty(SHAPE)
    with ptx.device() as device:
        cupy_kernels.expand_backward(grad, x, index, torch.ones(1), pairs, pairs, "softsign", grad_x)
    (result,) = device.results
    assert kind in result.kernel
    assert result.counters.sectors_read < most * (-(-grad.nbytes // 32) - (-x.nbytes // 32))


@pytest.mark.usefixtures("needs_nvrtc")
def test_a_gradient_without_pairs_is_a_tensor_of_its_own() -> None:
    x, grad, one = values(*SHAPE), values(*SHAPE, seed=1), torch.ones(1)
    with ptx.device():
        found, *_ = CUPY.expand_backward(grad, x, torch.zeros(2, 1, dtype=torch.int64), one, one[:0], one[:0], "tanh")
    assert torch.equal(found, grad)
    assert found.data_ptr() != grad.data_ptr()


@pytest.mark.usefixtures("needs_nvrtc")
def test_a_bound_that_was_relaxed_is_named_with_its_line() -> None:
    def relaxed(instance: str, architecture: str) -> str:
        return re.sub(r"(st\.global\.\S+\s+\[%rd\d+)", r"\1+8192", nvrtc.ptx_of(instance, architecture))

    with (
        ptx.device(),
        cuda_on_ptx.compiled_by(relaxed),
        pytest.raises(
            ptx.KernelError, match=r"out of bounds: writes 4 bytes .*\.cuh:\d+\), thread \(\d, \d, 0\) of block"
        ),
    ):
        CUPY.forward(values(*SHAPE), None, None, "balanced")
