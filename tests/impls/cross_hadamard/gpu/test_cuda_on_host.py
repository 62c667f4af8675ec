"""The CUDA kernels behind the launch shim: every operation and schedule against loops in float64, on any machine.

The shim refuses every access outside the tensors of a launch, so each of these tests is a memory check as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from ....rows import rows

pytestmark = pytest.mark.compiler

SCHEDULES = ["direct", "balanced", "blocked", "flat"]
NORMS = ["softsign", "sigmoid", "algebraic", "tanh", "identity"]
FLOATS = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
WIDE, NARROW, PLAIN = (132, 232448), (1, 232448), (1, 1)  # multiprocessors, shared bytes: other plans, other kernels
DEVICES = [WIDE, NARROW, PLAIN]

# x's shape (B, C, H, W) and k of the index, None without one.
SHAPES = [
    ((1, 2, 1, 1), None),
    ((3, 3, 1, 7), None),
    ((1, 4, 7, 7), None),
    ((3, 5, 14, 14), 7),  # k > C: repeated channels
    ((1, 8, 13, 29), None),
    ((1, 17, 7, 7), 9),
    ((3, 17, 2, 2), None),
    ((1, 33, 4, 4), None),
    ((1, 3, 33, 65), None),
    ((1, 9, 32, 32), 4),
    ((2, 64, 1, 1), None),
    ((2, 40, 1, 2), 33),
]


@pytest.fixture(scope="module", autouse=True)
def _built_once() -> None:
    """Kernels that do not compile are one failed build here, not one for every test."""
    host().operators()


@pytest.fixture(autouse=True)
def _an_h200_again() -> Iterator[None]:
    yield
    host().operators().pretend(*WIDE)


def host() -> Any:
    from impls.cross_hadamard.gpu import host_kernels

    return host_kernels


def made(shape: tuple[int, ...], dtype: torch.dtype, offset: int = 0, seed: int = 0) -> torch.Tensor:
    """Seeded values whose storage starts `offset` elements into its buffer, so that it is misaligned."""
    values = torch.randn(math.prod(shape) + offset, generator=torch.Generator().manual_seed(seed)).to(dtype)
    return values[offset:].view(shape)


def chosen(x: torch.Tensor, k: int | None, seed: int = 1) -> torch.Tensor | None:
    if k is None:
        return None
    return torch.randint(x.shape[1], (x.shape[0], k), generator=torch.Generator().manual_seed(seed))


def selected(x: torch.Tensor, index: torch.Tensor | None) -> torch.Tensor:
    """z (B, n, H, W): x's channels as the index says, NaN where it points nowhere."""
    if index is None:
        return x
    z = torch.full((x.shape[0], index.shape[1], *x.shape[2:]), math.nan, dtype=x.dtype)
    for b, row in enumerate(index.tolist()):
        for at, c in enumerate(row):
            if 0 <= c < x.shape[1]:
                z[b, at] = x[b, c]
    return z


def pairs(n: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(n) for j in range(i + 1, n)]


def accumulator(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32


def products(x: torch.Tensor, index: torch.Tensor | None) -> torch.Tensor:
    """The exact products, rounded once: float64 holds every product of two float32, float32 of two 16-bit values."""
    z = selected(x, index)
    exact = z.double() if x.dtype in {torch.float32, torch.float64} else z.float()
    return torch.stack([exact[:, i] * exact[:, j] for i, j in pairs(z.shape[1])], 1).to(x.dtype)


def forward(x: torch.Tensor, index: torch.Tensor | None, schedule: str, offset: int = 0) -> torch.Tensor:
    n = x.shape[1] if index is None else index.shape[1]
    shape = (x.shape[0], n * (n - 1) // 2, *x.shape[2:])
    out = made(shape, x.dtype, offset).fill_(-7.0)
    host().forward(x, index, out, schedule)
    return out


def assert_same(actual: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("schedule", SCHEDULES)
@rows("shape, k", SHAPES)
@rows("dtype", FLOATS)
def test_forward_is_the_exact_product_rounded_once(
    schedule: str, shape: tuple[int, ...], k: int | None, dtype: torch.dtype
) -> None:
    x = made(shape, dtype)
    index = chosen(x, k)
    expected = products(x, index)
    for device in DEVICES if schedule in {"blocked", "flat"} else [WIDE]:
        host().operators().pretend(*device)
        assert_same(forward(x, index, schedule), expected)


@pytest.mark.parametrize("schedule", SCHEDULES)
@rows("dtype", FLOATS)
@rows("offset", [1, 2, 4, 5])
def test_storage_that_starts_anywhere_is_read_and_written_right(schedule: str, dtype: torch.dtype, offset: int) -> None:
    x = made((2, 5, 4, 4), dtype, offset)
    assert_same(forward(x, None, schedule, offset), products(x, None))
    assert_same(forward(x, None, schedule, 0), products(x, None))
    assert_same(forward(made((2, 5, 4, 4), dtype), None, schedule, offset), products(made((2, 5, 4, 4), dtype), None))


@pytest.mark.parametrize("schedule", SCHEDULES)
@rows("dtype", FLOATS)
@rows("device", DEVICES)
def test_special_values_follow_ieee(schedule: str, dtype: torch.dtype, device: tuple[int, int]) -> None:
    host().operators().pretend(*device)
    tiny, huge = torch.finfo(dtype).smallest_normal, torch.finfo(dtype).max
    values = [math.nan, math.inf, -math.inf, 0.0, -0.0, tiny / 4, tiny * 3, huge, -1.0, 0.5]
    x = torch.tensor(values, dtype=dtype).reshape(1, -1, 1).repeat(1, 1, 8).view(1, -1, 1, 8)
    assert_same(forward(x, None, schedule), products(x, None))


@pytest.mark.parametrize("schedule", SCHEDULES)
@rows("device", DEVICES)
def test_a_channel_outside_x_is_nan_and_never_read(schedule: str, device: tuple[int, int]) -> None:
    host().operators().pretend(*device)
    x = made((2, 3, 7, 8), torch.float32)
    index = torch.tensor([[0, 3, -1, 2, 2], [1 << 40, 1, -(1 << 40), 0, 2]])
    assert_same(forward(x, index, schedule), products(x, index))


def normalised(u: torch.Tensor, norm: str) -> torch.Tensor:
    return {
        "softsign": lambda: u / (1 + u.abs()),
        "sigmoid": lambda: torch.sigmoid(u) - 0.5,
        "algebraic": lambda: u / (1 + u * u).sqrt(),
        "tanh": lambda: torch.tanh(u),
        "identity": lambda: u,
    }[norm]()


def parameters(n: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    count, kind = n * (n - 1) // 2, accumulator(dtype)
    return torch.tensor([0.7], dtype=kind), made((count,), kind, seed=5), made((count,), kind, seed=6)


def expanded(
    x: torch.Tensor, index: torch.Tensor, given: tuple[torch.Tensor, torch.Tensor, torch.Tensor], norm: str
) -> torch.Tensor:
    """The definition in float64, differentiable."""
    alpha, weight, bias = given
    z = torch.stack([row[at] for row, at in zip(x, index, strict=True)])
    maps = [x[:, c] for c in range(x.shape[1])]
    for p, (i, j) in enumerate(pairs(z.shape[1])):
        maps.append(normalised(alpha * z[:, i] * z[:, j], norm) * weight[p] + bias[p])
    return torch.stack(maps, 1)


def assert_close(actual: torch.Tensor, expected: torch.Tensor, dtype: torch.dtype, terms: int = 1) -> None:
    """Within the rounding of `dtype`, where the absolute part grows with the terms of a sum."""
    rtol, atol = {
        torch.float32: (1e-5, 1e-6),
        torch.float16: (2e-3, 1e-4),
        torch.bfloat16: (1e-2, 1e-3),
        torch.float64: (1e-12, 1e-13),
    }[dtype]
    torch.testing.assert_close(actual.double(), expected, rtol=rtol, atol=terms * atol)


EXPANDED = [((1, 2, 1, 1), 2), ((3, 5, 7, 7), 4), ((2, 9, 4, 4), 17), ((1, 6, 13, 29), 3), ((2, 33, 1, 2), 9)]


@pytest.mark.parametrize("schedule", ["blocked", "flat"])
@pytest.mark.parametrize("norm", NORMS)
@rows("dtype", FLOATS)
@rows("shape, k", EXPANDED)
def test_expansion_is_x_then_its_normalised_products(
    schedule: str, norm: str, dtype: torch.dtype, shape: tuple[int, ...], k: int
) -> None:
    x, given = made(shape, dtype), parameters(k, dtype)
    index = chosen(x, k)
    assert index is not None
    alpha, weight, bias = (one.double() for one in given)
    expected = expanded(x.double(), index, (alpha, weight, bias), norm)
    for device in DEVICES:
        host().operators().pretend(*device)
        out = torch.full_like(expected, -7.0, dtype=dtype)
        host().expand(x, index, *given, norm, out, schedule)
        assert_same(out[:, : shape[1]], x)
        assert_close(out, expected, dtype)


@pytest.mark.parametrize("schedule", ["blocked", "flat"])
@rows("norm", [one for one in NORMS if one != "identity"])
@rows("dtype", FLOATS)
def test_infinite_products_are_normalised_to_the_limit_and_nan_stays(
    schedule: str, norm: str, dtype: torch.dtype
) -> None:
    x = torch.tensor([[math.inf, 1.0, -2.0, math.nan]], dtype=dtype).view(1, 4, 1, 1)
    index = torch.tensor([[0, 1, 2, 3]])
    alpha, weight, bias = (torch.full((n,), v, dtype=accumulator(dtype)) for n, v in ((1, 0.5), (6, 1.0), (6, 0.0)))
    out = torch.empty(1, 10, 1, 1, dtype=dtype)
    host().expand(x, index, alpha, weight, bias, norm, out, schedule)
    limit = 0.5 if norm == "sigmoid" else 1.0
    actual = out.flatten().tolist()[4:]
    assert actual[:2] == [limit, -limit]
    assert [math.isnan(value) for value in actual] == [False, False, True, False, True, True]


def product_gradient(grad: torch.Tensor, x: torch.Tensor, index: torch.Tensor | None) -> torch.Tensor:
    z, total = selected(x, index).double(), torch.zeros(x.shape, dtype=torch.float64)
    for b in range(x.shape[0]):
        channels = list(range(x.shape[1])) if index is None else index[b].tolist()
        for p, (i, j) in enumerate(pairs(len(channels))):
            total[b, channels[i]] += grad[b, p].double() * z[b, j]
            total[b, channels[j]] += grad[b, p].double() * z[b, i]
    return total


@rows("dtype", FLOATS)
@rows("device", DEVICES)
@rows("shape, k", [((1, 2, 1, 1), None), ((3, 5, 7, 7), 7), ((2, 19, 14, 14), None), ((1, 4, 13, 29), 2)])
def test_backward_sums_over_the_partners_of_each_channel(
    dtype: torch.dtype, device: tuple[int, int], shape: tuple[int, ...], k: int | None
) -> None:
    host().operators().pretend(*device)
    x = made(shape, dtype)
    index = chosen(x, k)
    n = k or shape[1]
    grad = made((shape[0], n * (n - 1) // 2, *shape[2:]), dtype, seed=3)
    grad_x = torch.full_like(x, -7.0)
    host().backward(grad, x, index, grad_x)
    expected = product_gradient(grad, x, index)
    assert_close(grad_x, expected, dtype, terms=20)


@rows("device", DEVICES)
def test_a_channel_outside_x_makes_its_partners_gradients_nan(device: tuple[int, int]) -> None:
    host().operators().pretend(*device)
    x, grad = made((1, 3, 16, 16), torch.float32), made((1, 6, 16, 16), torch.float32, seed=3)
    grad_x = torch.full_like(x, -7.0)
    host().backward(grad, x, torch.tensor([[0, 7, 2, -1]]), grad_x)
    assert grad_x[0, [0, 2]].isnan().all()
    assert (grad_x[0, 1] == 0).all()


@pytest.mark.parametrize("norm", NORMS)
@rows("dtype", FLOATS)
@rows("device", DEVICES)
@rows("shape, k", [((1, 2, 1, 1), 2), ((5, 4, 7, 7), 5), ((2, 5, 14, 13), 3)])
def test_the_expansions_gradients_are_those_of_its_definition(
    norm: str, dtype: torch.dtype, device: tuple[int, int], shape: tuple[int, ...], k: int
) -> None:
    host().operators().pretend(*device)
    x, given = made(shape, dtype), parameters(k, dtype)
    index = chosen(x, k)
    assert index is not None
    grad = made((shape[0], shape[1] + k * (k - 1) // 2, *shape[2:]), dtype, seed=3)
    exact = [one.double().requires_grad_() for one in (x, *given)]
    y = expanded(exact[0], index, (exact[1], exact[2], exact[3]), norm)
    expected = torch.autograd.grad(y, exact, grad.double())
    grad_x = torch.full_like(x, -7.0)
    sums = host().expand_backward(grad, x, index, *given, norm, grad_x).double().sum(0)
    assert_close(grad_x, expected[0], dtype, terms=20)
    kind = accumulator(dtype)  # nothing of the sums is rounded to 16 bits
    assert_close(sums[2].sum().view(1), expected[1], kind, terms=1000)
    assert_close(sums[0], expected[2], kind, terms=100)
    assert_close(sums[1], expected[3], kind, terms=100)


@pytest.mark.parametrize("operation", ["backward", "expand_backward"])
def test_gradients_are_the_same_bits_every_time(operation: str) -> None:
    x, index = made((3, 4, 7, 7), torch.float32), torch.tensor([[0, 1, 1, 3]] * 3)

    def run() -> tuple[torch.Tensor, ...]:
        grad_x = torch.empty_like(x)
        if operation == "backward":
            host().backward(made((3, 6, 7, 7), torch.float32, seed=2), x, index, grad_x)
            return (grad_x,)
        grad = made((3, 10, 7, 7), torch.float32, seed=2)
        sums = host().expand_backward(grad, x, index, *parameters(4, torch.float32), "tanh", grad_x)
        return grad_x, sums

    assert all(torch.equal(a, b) for a, b in zip(run(), run(), strict=True))


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    x, index, out = torch.ones(1, 2, 1, 1), torch.tensor([[0, 1]]), torch.empty(1, 3, 1, 1)
    given = parameters(2, torch.float32)
    with pytest.raises((ValueError, RuntimeError), match="no schedule 'diagonal'; there are direct, balanced, blocked"):
        host().forward(x, None, out[:, :1], "diagonal")
    with pytest.raises((ValueError, RuntimeError), match="blocked and flat only"):
        host().expand(x, index, *given, "tanh", out, "direct")
    with pytest.raises((ValueError, RuntimeError), match="no norm 'relu'; there are softsign, sigmoid"):
        host().expand(x, index, *given, "relu", out, "flat")
