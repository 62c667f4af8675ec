"""The C++ kernels at shapes, dtypes and strides that nobody chose, and at what they have to refuse.

What these read or write beyond a tensor shows as a wrong value at best; under `nox -s sanitize` it is an error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from impls.cross_hadamard import cpp_kernels

from .definitions import DTYPES, expansion, expected, index_of, pairs, random

pytestmark = pytest.mark.compiler

SCHEDULES = ["direct", "balanced", "blocked", "flat", ""]
NORMS = ["softsign", "sigmoid", "algebraic", "tanh", "identity"]
SIZES = [0, 1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 29, 31, 33]
SPATIAL = [(), (1,), (3,), (17,), (67,), (1, 1), (2, 4), (7, 7), (5, 13), (16, 16), (2, 3, 5), (0, 7)]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12, torch.float16: 4e-3, torch.bfloat16: 3e-2}

whatever = settings(
    derandomize=True, deadline=None, max_examples=80, database=None, suppress_health_check=list(HealthCheck)
)


@st.composite
def tensors(draw: st.DrawFn, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Seeded values of that shape, laid out in memory in one of many ways."""
    seed = draw(st.integers(0, 7))
    layout = draw(st.sampled_from(["dense", "offset", "sliced", "permuted", "expanded"]))
    if layout == "offset":
        before = draw(st.integers(1, 5))
        return random(before + math.prod(shape), dtype=dtype, seed=seed)[before:].view(shape)
    if layout == "sliced":
        steps = [draw(st.integers(1, 3)) for _ in shape]
        wide = random(*(size * step + 1 for size, step in zip(shape, steps, strict=True)), dtype=dtype, seed=seed)
        return wide[tuple(slice(1, 1 + size * step, step) for size, step in zip(shape, steps, strict=True))]
    if layout == "permuted":
        order = draw(st.permutations(range(len(shape))))
        back = [order.index(place) for place in range(len(shape))]
        return random(*(shape[place] for place in order), dtype=dtype, seed=seed).permute(back)
    if layout == "expanded" and shape[0]:
        return random(1, *shape[1:], dtype=dtype, seed=seed).expand(shape)
    return random(*shape, dtype=dtype, seed=seed)


@st.composite
def maps(draw: st.DrawFn, least: int = 0) -> Tensor:
    spatial = draw(st.sampled_from(SPATIAL))
    channels = draw(st.sampled_from([size for size in SIZES if size >= least]))
    return draw(tensors((draw(st.integers(0, 3)), channels, *spatial), draw(st.sampled_from(DTYPES))))


@st.composite
def chosen(draw: st.DrawFn, x: Tensor) -> Tensor:
    """(B, k) channels of x, strided as often as not."""
    k = draw(st.sampled_from([0, 1, 2, 3, 5, 8, 11, 17]))
    index = index_of(x.shape[0], k, x.shape[1], seed=draw(st.integers(0, 3)))
    return index.t().contiguous().t() if draw(st.booleans()) else index


@given(st.data())
@whatever
def test_products_at_any_layout_are_the_definition_rounded_once(data: st.DataObject) -> None:
    x, schedule = data.draw(maps()), data.draw(st.sampled_from(SCHEDULES))
    index = data.draw(chosen(x)) if x.shape[1] and data.draw(st.booleans()) else None
    want = expected(x, index)
    assert torch.equal(cpp_kernels.forward(x, index, None, schedule), want)
    out = data.draw(tensors(tuple(want.shape), x.dtype))
    if out.numel() and 0 not in out.stride():  # places that are several elements at once take no output
        cpp_kernels.forward(x, index, out, schedule)
        assert torch.equal(out, want)


def differentiated(x: Tensor, index: Tensor | None, grad: Tensor) -> Tensor:
    leaf = x.double().requires_grad_()
    products = pairs(leaf, index)
    if not products.requires_grad:  # no pair, so nothing depends on x
        return torch.zeros_like(leaf)
    (found,) = torch.autograd.grad(products, leaf, grad.double())
    return found


def assert_close(got: Tensor, want: Tensor, terms: int = 1) -> None:
    """Sums of that many terms cancel: against the largest element."""
    scale = max(1.0, float(want.abs().max())) if want.numel() else 1.0
    limit = TOLERANCE[got.dtype] * math.sqrt(terms)
    torch.testing.assert_close(got.double(), want.double(), rtol=limit, atol=limit * scale)


@given(st.data())
@whatever
def test_gradients_of_products_at_any_layout_are_autograds(data: st.DataObject) -> None:
    x = data.draw(maps(least=1))
    index = data.draw(chosen(x)) if data.draw(st.booleans()) else None
    shape = expected(x, index).shape
    grad = data.draw(tensors(tuple(shape), x.dtype))
    assert_close(cpp_kernels.backward(grad, x, index), differentiated(x, index, grad), terms=2)


@given(st.data())
@whatever
def test_expansions_at_any_layout_are_the_definition(data: st.DataObject) -> None:
    x = data.draw(maps(least=1))
    index, norm = data.draw(chosen(x)), data.draw(st.sampled_from(NORMS))
    count = index.shape[1] * (index.shape[1] - 1) // 2
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    weight, bias = (data.draw(tensors((count,), dtype)) for _ in range(2))
    alpha = torch.full((1,), 0.7, dtype=dtype)
    want = expansion(index, x.double(), alpha.double(), weight.double(), bias.double(), norm=norm)
    schedule = data.draw(st.sampled_from(["", "flat", "blocked"]))
    got = cpp_kernels.expand(x, index, alpha, weight, bias, norm, schedule)
    assert torch.equal(got[:, : x.shape[1]], x)
    assert_close(got, want)
    grad = data.draw(tensors(tuple(want.shape), x.dtype))
    found = cpp_kernels.expand_backward(grad, x, index, alpha, weight, bias, norm)
    assert [one.shape for one in found] == [x.shape, alpha.shape, weight.shape, bias.shape]
    assert all(bool(one.isfinite().all()) for one in found)


@pytest.mark.parametrize("values", [[-1, 0], [0, 5], [0, 2**31], [-(2**63), 1], [2**63 - 1, 1]])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_channel_that_is_none_is_refused_before_it_is_read(schedule: str, values: Sequence[int]) -> None:
    x, index = random(2, 5, 7, 3), torch.tensor([[0, 4], values])
    with pytest.raises((IndexError, ValueError)):
        cpp_kernels.forward(x, index, None, schedule)
    with pytest.raises((IndexError, ValueError)):
        cpp_kernels.backward(random(2, 1, 7, 3), x, index)


@pytest.mark.parametrize("shape", [(2, 10, 7), (2, 9, 7, 3), (3, 10, 7, 3), (2, 10, 7, 4), (0, 10, 7, 3)])
def test_an_output_or_a_gradient_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    x = random(2, 5, 7, 3)
    with pytest.raises(ValueError, match=r"expected|shape"):
        cpp_kernels.forward(x, None, random(*shape))
    with pytest.raises(ValueError, match=r"expected|shape"):
        cpp_kernels.backward(random(*shape), x)
