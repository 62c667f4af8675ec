"""What holds of every backend: the matrix's product, its inverse, linearity, lengths, blocks, signs, memory."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from impls.hadamard_transform.orders import factored

from .subjects import BACKENDS, DTYPES, SIZES, TOLERANCE, defined, drawn, hadamard_transform, signs_of

every_backend = pytest.mark.parametrize("backend", BACKENDS)


@every_backend
@pytest.mark.parametrize("dtype", DTYPES)
def test_it_is_the_product_with_the_matrix(backend: str, dtype: torch.dtype) -> None:
    for size in SIZES:
        signs = signs_of(size, dtype)
        for rows, chosen in ((0, None), (1, signs), (3, None), (5, signs)):
            x = drawn(rows, size, dtype=dtype)
            got, want = hadamard_transform(x, chosen, backend=backend), defined(x, chosen)
            assert (got.shape, got.dtype) == (x.shape, dtype)
            assert torch.allclose(got.double(), want, atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype]), (size, rows)


@every_backend
@pytest.mark.parametrize("size", [size for size in SIZES if factored(size).order in {1, 28}])
def test_twice_is_the_size_times_what_it_was(backend: str, size: int) -> None:
    x = drawn(3, size)
    once = hadamard_transform(x, scale=1.0, backend=backend)
    torch.testing.assert_close(hadamard_transform(once, scale=1.0, backend=backend), size * x, atol=1e-10, rtol=1e-12)


@every_backend
@settings(max_examples=25, deadline=None)
@given(size=st.sampled_from((1, 2, 16, 24, 128, 224)), a=st.floats(-3, 3), seed=st.integers(0, 1000))
def test_it_is_linear_and_keeps_lengths(backend: str, size: int, a: float, seed: int) -> None:
    x, y = drawn(size, seed=seed), drawn(size, seed=seed + 1)
    of_x, of_y = (hadamard_transform(one, backend=backend) for one in (x, y))
    torch.testing.assert_close(hadamard_transform(a * x + y, backend=backend), a * of_x + of_y, atol=1e-11, rtol=0)
    torch.testing.assert_close(of_x.norm(), x.norm(), atol=1e-11, rtol=1e-12)


@every_backend
@pytest.mark.parametrize(
    ("size", "block"), [(3 * 8, 8), (7 * 4, 4), (5 * 64, 64), (3 * 12, 12), (2 * 448, 448), (6, 1)]
)
def test_blocks_are_transformed_by_themselves(backend: str, size: int, block: int) -> None:
    x, signs = drawn(3, size), signs_of(size)
    got = hadamard_transform(x, signs, block=block, backend=backend)
    torch.testing.assert_close(got, defined(x, signs, block), atol=1e-12, rtol=1e-12)


@every_backend
def test_the_gradient_is_the_transpose_and_its_gradient_the_transform(backend: str) -> None:
    for size in (8, 12, 48, 320):
        x, signs = drawn(3, size).requires_grad_(), signs_of(size)
        if size <= 12:
            function = partial(hadamard_transform, signs=signs, backend=backend)
            assert torch.autograd.gradcheck(function, (x[:1],))
            assert torch.autograd.gradgradcheck(function, (x[:1],))
        grad = drawn(3, size, seed=2)
        (got,) = torch.autograd.grad(hadamard_transform(x, signs, backend=backend), x, grad)
        (want,) = torch.autograd.grad(defined(x, signs), x, grad)
        torch.testing.assert_close(got, want, atol=1e-12, rtol=1e-12)


@every_backend
@pytest.mark.parametrize("size", [1, 2, 16, 24, 256, 512, 448])
def test_it_writes_where_it_is_told_and_over_its_own_input(backend: str, size: int) -> None:
    x = drawn(5, size)
    want, out = defined(x), torch.full_like(x, float("nan"))
    assert hadamard_transform(x, backend=backend, out=out) is out
    torch.testing.assert_close(out, want, atol=1e-12, rtol=1e-12)
    hadamard_transform(x, backend=backend, out=x)
    torch.testing.assert_close(x, want, atol=1e-12, rtol=1e-12)


@every_backend
def test_strides_and_leading_axes_are_the_callers(backend: str) -> None:
    x = drawn(64, 3, 5).permute(2, 1, 0)
    torch.testing.assert_close(hadamard_transform(x, backend=backend), defined(x.contiguous()), atol=1e-12, rtol=1e-12)
    out = torch.empty(64, 3, 5, dtype=torch.float64).permute(2, 1, 0)
    hadamard_transform(x, backend=backend, out=out)
    torch.testing.assert_close(out.contiguous(), defined(x.contiguous()), atol=1e-12, rtol=1e-12)
    vector = drawn(16)
    assert hadamard_transform(vector, backend=backend).shape == (16,)


@every_backend
def test_nan_and_infinity_spread_over_their_row_alone(backend: str) -> None:
    x = drawn(3, 64)
    x[1, 7] = float("nan")
    assert hadamard_transform(x, backend=backend).isnan().any(-1).tolist() == [False, True, False]
