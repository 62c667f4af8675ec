"""f(gate) * value: every backend against the formulas, and what the kernels promise besides."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as torch_functional

from impls.gated_product import functional
from impls.gated_product.forms import FORMS, definition, halves
from opbench import Axes, catalog
from opbench.errors import UsageError
from opbench.testing import assert_correct

from ..cpp_ways import vectors_of

pytestmark = pytest.mark.compiler
vectors = vectors_of(functional)

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
SPECIAL = (math.inf, -math.inf, math.nan, 0.0, -0.0, 88.5, -88.5, 103.0, -103.0, 1e30, -1e30)


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


def values(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).mul(3).to(dtype)


@pytest.mark.usefixtures("vectors")
def test_the_kernel_is_right_at_every_check_point() -> None:
    assert_correct("gated_product", ["cpp_ext"], ("float32", "float64", "float16", "bfloat16"))


def test_eager_is_right_at_every_check_point() -> None:
    assert_correct("gated_product", ["torch_eager"], ("float32", "float64", "float16", "bfloat16"))


def test_torch_compile_is_right() -> None:
    axes: dict[str, tuple[int | str, ...]] = {"tokens": (5,), "width": (67,), "form": ("silu",), "packed": (1,)}
    assert_correct("gated_product", ["torch_compile"], axes=axes)


@pytest.mark.parametrize("form", FORMS)
def test_the_definition_is_pytorchs_function(form: str) -> None:
    gate, value = values(7, 11).double(), values(7, 11, seed=1).double()
    torch.testing.assert_close(definition(gate, value, form), FORMS[form](gate) * value, rtol=1e-13, atol=1e-15)


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_special_values_are_what_pytorch_makes_of_them(form: str, dtype: torch.dtype) -> None:
    gate = torch.tensor(SPECIAL).to(dtype).reshape(1, -1)
    found, want = functional.gated_product(gate, torch.ones_like(gate), form), FORMS[form](gate.double())
    rtol = 1e-2 if dtype.itemsize < 4 else 1e-5
    torch.testing.assert_close(found, want.to(dtype), equal_nan=True, rtol=rtol, atol=1e-30)


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_those_of_the_definition(form: str) -> None:
    gate, value = values(3, 37, dtype=torch.float64), values(3, 37, seed=1, dtype=torch.float64)
    grad = values(3, 37, seed=2, dtype=torch.float64)
    leaves = gate.clone().requires_grad_(), value.clone().requires_grad_()
    want = torch.autograd.grad(definition(*leaves, form), leaves, grad)
    for found, wanted in zip(functional.gradients(grad, gate, value, form), want, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_halves_of_one_tensor_are_taken_as_they_are(dtype: torch.dtype) -> None:
    packed = values(5, 2 * 67, dtype=dtype)
    gate, value = halves(packed)
    apart = functional.gated_product(gate.contiguous(), value.contiguous(), "gelu")
    assert torch.equal(functional.gated_product(gate, value, "gelu"), apart)
    grad = values(5, 67, seed=1, dtype=dtype)
    found = functional.packed_gradient(grad, packed, "gelu")
    assert torch.equal(found, torch.cat(functional.gradients(grad, gate, value, "gelu"), 1))


@given(st.integers(0, 5), st.integers(0, 150), st.integers(0, 17), st.sampled_from(DTYPES))
def test_an_output_may_lie_anywhere_and_nothing_beside_it_is_written(
    tokens: int, width: int, before: int, dtype: torch.dtype
) -> None:
    """Large outputs go around the caches, which takes aligned stores: here every one does."""
    gate, value = values(tokens, width, dtype=dtype), values(tokens, width, seed=1, dtype=dtype)
    whole = torch.full((tokens, before + width + 3), 7.0, dtype=dtype)
    forward, _ = functional._operators()
    forward(gate, value, functional._NUMBERS["silu"], 0, whole[:, before : before + width])
    assert torch.equal(whole[:, before : before + width], functional.gated_product(gate, value))
    assert (whole[:, :before] == 7).all()
    assert (whole[:, before + width :] == 7).all()


def test_threads_change_no_bit() -> None:
    gate, value = values(67, 1031), values(67, 1031, seed=1)
    alone = functional.gated_product(gate, value), functional.gradients(gate, gate, value)[0]
    torch.set_num_threads(3)
    assert torch.equal(functional.gated_product(gate, value), alone[0])
    assert torch.equal(functional.gradients(gate, gate, value)[0], alone[1])


@pytest.mark.usefixtures("vectors")
def test_float32_is_near_float64_in_the_tails_too() -> None:
    """In half units of the element. Both gelus take the rounding of an exponent with them."""
    gate = torch.linspace(-12, 12, 100_003).reshape(1, -1)
    value = torch.ones_like(gate)
    for form in FORMS:
        want = definition(gate.double(), value.double(), form)
        error = (functional.gated_product(gate, value, form) - want).abs() / (want.abs() + 1e-9)
        assert error.max() < (64 if "gelu" in form else 24) * 2**-24, form


def test_what_cannot_be_is_refused() -> None:
    x = torch.ones(3, 5)
    with pytest.raises(UsageError, match=r"no form 'swish'.*of gated_product"):
        functional.gated_product(x, x, "swish")
    with pytest.raises(ValueError, match=r"value has shape \[3, 4\]; expected \[3, 5\]"):
        functional.gated_product(x, x[:, :4])
    with pytest.raises(TypeError, match="value is Double; expected Float"):
        functional.gated_product(x, x.double())
    with pytest.raises(ValueError, match="expected rows whose elements are contiguous"):
        functional.gated_product(x.t().contiguous().t(), x)
    with pytest.raises(UsageError, match="packed is 2; expected 0"):
        catalog.operator("gated_product").sizes(Axes({"tokens": 1, "width": 1, "packed": 2}))


def test_no_gradient_is_tracked() -> None:
    gate = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        assert not functional.gated_product(gate, gate).requires_grad
    assert torch_functional.silu(gate).requires_grad
