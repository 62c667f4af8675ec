"""The C++ kernels by themselves: every operation, schedule and dtype against float64 definitions written as loops."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from impls.cross_hadamard import cpp_kernels
from opbench.caches import CacheUse, known

from ...rows import rows

pytestmark = pytest.mark.compiler

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
SCHEDULES = ["direct", "balanced", "blocked", "flat", ""]
NORMS = ["softsign", "sigmoid", "algebraic", "tanh", "identity"]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}
"""Of a value rounded once, plus float32's own sums: a little over two units in the last place."""

SHAPES = [(1, 5, 3), (3, 4, 7, 7), (2, 9, 1, 1), (1, 17, 13, 29), (2, 3), (1, 2, 3, 2, 5), (1, 11, 32, 32)]
EMPTY = [(0, 5, 7, 7), (2, 5, 0, 7), (2, 0, 7), (2, 1, 7)]


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def chosen(x: Tensor, k: int) -> Tensor:
    """Random channels, which for k beyond C must repeat."""
    return torch.randint(0, max(1, x.shape[1]), (len(x), k), generator=torch.Generator().manual_seed(1))


def pairs(x: Tensor, index: Tensor | None) -> Tensor:
    """The definition as loops, differentiable, in float64."""
    z = x.double() if index is None else torch.stack([x.double()[b, rows] for b, rows in enumerate(index)])
    n = z.shape[1]
    found = [z[:, i] * z[:, j] for i in range(n) for j in range(i + 1, n)]
    return torch.stack(found, 1) if found else z.new_empty(len(x), 0, *x.shape[2:])


def bounded(norm: str, u: Tensor) -> Tensor:
    return {
        "softsign": lambda: u / (1 + u.abs()),
        "sigmoid": lambda: u.sigmoid() - 0.5,
        "algebraic": lambda: u / (1 + u * u).sqrt(),
        "tanh": u.tanh,
        "identity": u.clone,
    }[norm]()


def expansion(x: Tensor, index: Tensor, parameters: Sequence[Tensor], norm: str) -> Tensor:
    alpha, weight, bias = (one.double() for one in parameters)
    column = (-1, *(1,) * (x.dim() - 2))
    products = pairs(x, index)
    return torch.cat([x.double(), bounded(norm, alpha * products) * weight.view(column) + bias.view(column)], 1)


def parameters_for(x: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """alpha (1,), weight and bias (P,) in the dtype the kernel computes in."""
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    count = k * (k - 1) // 2
    return torch.full((1,), 0.7, dtype=dtype), random(count, dtype=dtype, seed=2), random(count, dtype=dtype, seed=3)


@contextmanager
def around_the_caches() -> Iterator[None]:
    """Every output is stored as one that no cache takes."""
    cpp_kernels.use_caches(CacheUse(1 << 20, 0, 0, "assumed"))
    yield
    cpp_kernels.use_caches(known(torch.get_num_threads()))


def assert_close(got: Tensor, want: Tensor, factor: float = 1.0) -> None:
    """Within a tolerance of the largest element: sums of many terms cancel."""
    scale = max(1.0, float(want.abs().max())) if want.numel() else 1.0
    limit = factor * TOLERANCE[got.dtype]
    torch.testing.assert_close(got.double(), want.double(), rtol=limit, atol=limit * scale, equal_nan=True)


@rows("dtype", DTYPES)
@pytest.mark.parametrize("schedule", SCHEDULES)
@rows("shape", SHAPES + EMPTY)
def test_every_schedule_gives_the_products_rounded_once(
    shape: tuple[int, ...], schedule: str, dtype: torch.dtype
) -> None:
    x = random(*shape, dtype=dtype)
    got = cpp_kernels.forward(x, None, None, schedule)
    assert torch.equal(got, pairs(x, None).to(dtype))
    if x.shape[1]:
        index = chosen(x, 6)
        want = pairs(x, index).to(dtype) if len(x) else x.new_empty(0, 15, *shape[2:])
        assert torch.equal(cpp_kernels.forward(x, index, None, schedule), want)


@rows("n", [2, 3, 8, 9, 16, 17, 33, 64])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_number_of_channels_fills_every_map_once(schedule: str, n: int) -> None:
    x = random(2, n, 5)
    out = torch.full((2, n * (n - 1) // 2, 5), math.nan)
    assert torch.equal(cpp_kernels.forward(x, None, out, schedule), pairs(x, None).float())


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("edge", [23, 32])
def test_outputs_past_the_cache_are_right_in_every_schedule(schedule: str, edge: int) -> None:
    x = random(4, 37, edge, edge)
    with around_the_caches():
        got = cpp_kernels.forward(x, None, None, schedule)
    i, j = torch.triu_indices(37, 37, 1)
    assert torch.equal(got[3], x[3, i] * x[3, j])
    assert torch.equal(got[0], x[0, i] * x[0, j])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_special_values_follow_ieee(schedule: str) -> None:
    x = torch.tensor([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-40, 3e38, -1.0]).reshape(1, 8, 1).repeat(1, 1, 37)
    got = cpp_kernels.forward(x, None, None, schedule)
    torch.testing.assert_close(got, pairs(x, None).float(), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_out_may_be_strided_or_share_memory_with_x(schedule: str) -> None:
    x = random(2, 3, 7, 7)
    want = pairs(x, None).float()
    strided = torch.full((2, 3, 7, 14), math.nan)[..., ::2]
    assert torch.equal(cpp_kernels.forward(x, None, strided, schedule), want)
    assert torch.equal(cpp_kernels.forward(x, None, x, schedule), want)


def strided(kind: str) -> Tensor:
    x = random(2, 5, 7, 8)
    return {
        "channels_last": x.contiguous(memory_format=torch.channels_last),
        "sliced": x[:, ::2, 1:, ::3],
        "offset": random(2 * 5 * 49 + 1)[1:].view(2, 5, 7, 7),
        "expanded": x[:1].expand(3, -1, -1, -1),
    }[kind]


@pytest.mark.parametrize("kind", ["channels_last", "sliced", "offset", "expanded"])
def test_strides_of_x_of_the_gradient_and_of_the_index_do_not_matter(kind: str) -> None:
    x = strided(kind)
    dense, index = x.clone(memory_format=torch.contiguous_format), chosen(x, 4).t().contiguous().t()
    parameters = parameters_for(x, 4)
    assert torch.equal(cpp_kernels.forward(x, index), cpp_kernels.forward(dense, index.contiguous()))
    expanded = cpp_kernels.expand(dense, index, *parameters)
    assert torch.equal(cpp_kernels.expand(x, index, *parameters), expanded)
    grad = torch.ones(1).expand(expanded.shape)
    actual = cpp_kernels.expand_backward(grad, x, index, *parameters)
    for got, want in zip(
        actual, cpp_kernels.expand_backward(grad.contiguous(), dense, index, *parameters), strict=True
    ):
        assert torch.equal(got, want)
    of_x = cpp_kernels.backward(grad[:, :6], x, index)
    assert torch.equal(of_x, cpp_kernels.backward(grad[:, :6].contiguous(), dense, index))


@rows("dtype", DTYPES)
@rows("selected", [False, True])
@rows("shape", SHAPES)
def test_the_gradient_of_the_products_is_autograds(shape: tuple[int, ...], selected: bool, dtype: torch.dtype) -> None:
    x = random(*shape, dtype=dtype)
    index = chosen(x, 7) if selected else None  # of 2 to 17 channels: some repeat, some are left out
    leaf = x.double().requires_grad_()
    y = pairs(leaf, index)
    grad = random(*y.shape, dtype=dtype, seed=4)
    (want,) = torch.autograd.grad(y, leaf, grad.double())
    assert_close(cpp_kernels.backward(grad, x, index), want, factor=2)


@rows("dtype", DTYPES)
@pytest.mark.parametrize("norm", NORMS)
@rows("shape", SHAPES)
def test_the_expansion_is_x_and_the_normalised_products_with_autograds_gradients(
    shape: tuple[int, ...], norm: str, dtype: torch.dtype
) -> None:
    x, k = random(*shape, dtype=dtype), 6
    index, parameters = chosen(x, k), parameters_for(x, k)
    leaves = [one.double().requires_grad_() for one in (x, *parameters)]
    want = expansion(leaves[0], index, leaves[1:], norm)
    for schedule in ("", "flat", "blocked"):
        got = cpp_kernels.expand(x, index, *parameters, norm, schedule)
        assert torch.equal(got[:, : shape[1]], x)
        assert_close(got, want.detach())
    grad = random(*want.shape, dtype=dtype, seed=5)
    gradients = torch.autograd.grad(want, leaves, grad.double())
    actual = cpp_kernels.expand_backward(grad, x, index, *parameters, norm)
    for one, expected, like in zip(actual, gradients, (x, *parameters), strict=True):
        assert (one.shape, one.dtype) == (like.shape, like.dtype)
        assert_close(one, expected, factor=4)


@pytest.mark.parametrize("schedule", ["flat", "blocked"])
@pytest.mark.parametrize(("k", "edge"), [(43, 53), (40, 64)])
def test_expansions_past_the_cache_are_right(schedule: str, k: int, edge: int) -> None:
    x = random(2, 45, edge, edge)  # more positions than one tile holds
    index, parameters = chosen(x, k), parameters_for(x, k)
    with around_the_caches():
        got = cpp_kernels.expand(x, index, *parameters, "softsign", schedule)
    for b in (0, 1):
        assert_close(got[b : b + 1], expansion(x[b : b + 1], index[b : b + 1], parameters, "softsign"))


def test_gradients_of_maps_larger_than_a_tile_are_right() -> None:
    x = random(2, 40, 37, 41)
    index, parameters = chosen(x, 23), parameters_for(x, 23)
    leaves = [one.double().requires_grad_() for one in (x, *parameters)]
    y = expansion(leaves[0], index, leaves[1:], "softsign")
    grad = random(*y.shape, seed=6)
    want = torch.autograd.grad(y, leaves, grad.double())
    for got, expected in zip(cpp_kernels.expand_backward(grad, x, index, *parameters), want, strict=True):
        assert_close(got, expected, factor=4)


def test_gradients_have_the_same_bits_at_any_number_of_threads() -> None:
    x, before = random(3, 19, 7, 7), torch.get_num_threads()
    index, parameters = chosen(x, 13), parameters_for(x, 13)
    grad, of_pairs = random(3, 19 + 78, 7, 7, seed=7), random(3, 78, 7, 7, seed=8)
    actual = []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            actual.append(
                (*cpp_kernels.expand_backward(grad, x, index, *parameters), cpp_kernels.backward(of_pairs, x, index))
            )
    finally:
        torch.set_num_threads(before)
    for other in actual[1:]:
        assert torch.equal(actual[0][0], other[0])
        assert torch.equal(actual[0][4], other[4])
        for one, another in zip(actual[0][1:4], other[1:4], strict=True):
            torch.testing.assert_close(one, another, rtol=1e-5, atol=1e-5)  # tiles of a sample depend on the threads


@rows("dtype", DTYPES)
@rows("norm", [one for one in NORMS if one != "identity"])
def test_an_infinite_argument_gives_the_bound_and_nan_stays_nan(norm: str, dtype: torch.dtype) -> None:
    x = torch.tensor([math.inf, -1.0, 0.0, math.nan, 2.0], dtype=dtype).reshape(1, 5, 1).repeat(1, 1, 3)
    index, half = torch.arange(5).unsqueeze(0), 0.5 if norm == "sigmoid" else 1.0
    ones, zeros = torch.ones(10), torch.zeros(10)
    got = cpp_kernels.expand(x, index, torch.ones(1), ones, zeros, norm)[0, 5:, 0].tolist()
    assert got[0] == -half  # inf * -1
    assert got[3] == half  # inf * 2
    assert all(math.isnan(got[p]) for p in (1, 2, 5, 7, 9))  # inf * 0, and whatever is NaN
    assert got[4] == got[8] == 0.0


def test_gradients_are_finite_where_products_overflow() -> None:
    x = torch.full((1, 2, 3), 1e30)
    index = torch.tensor([[0, 1]])
    actual = cpp_kernels.expand_backward(torch.ones(1, 3, 3), x, index, torch.ones(1), torch.ones(1), torch.zeros(1))
    assert all(one.isfinite().all() for one in actual)


@rows("shape", EMPTY)
@rows("k", [0, 1, 3])
def test_empty_sizes_and_too_few_channels_have_empty_pairs_and_the_plain_gradient(
    shape: tuple[int, ...], k: int
) -> None:
    x = random(*shape)
    k = min(k, shape[1])
    index, parameters = chosen(x, k), parameters_for(x, k)
    grad = torch.ones(shape[0], shape[1] + k * (k - 1) // 2, *shape[2:])
    for schedule in ("", "flat", "blocked"):
        got = cpp_kernels.expand(x, index, *parameters, "softsign", schedule)
        assert got.shape == grad.shape
        assert torch.equal(got[:, : shape[1]], x)
    of_x, of_alpha, of_weight, of_bias = cpp_kernels.expand_backward(grad, x, index, *parameters)
    assert of_x.shape == x.shape
    if k < 2:
        assert torch.equal(of_x, torch.ones_like(x))
        assert torch.equal(of_alpha, torch.zeros(1))
        assert of_weight.shape == of_bias.shape == (0,)
    elif not x.numel():
        assert torch.equal(of_bias, torch.zeros(len(of_bias)))
    assert torch.equal(cpp_kernels.backward(grad[:, shape[1] :] * 0, x, index), torch.zeros_like(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_parameters_may_come_in_any_floating_dtype_and_alpha_as_a_scalar(dtype: torch.dtype) -> None:
    x, index = random(2, 5, 7, dtype=torch.bfloat16), torch.tensor([[0, 4, 2], [3, 3, 1]])
    parameters = (torch.tensor(0.5, dtype=dtype), torch.ones(3, dtype=dtype), torch.zeros(3, dtype=dtype))
    assert_close(cpp_kernels.expand(x, index, *parameters), expansion(x, index, parameters, "softsign"))
    actual = cpp_kernels.expand_backward(torch.ones(2, 8, 7, dtype=x.dtype), x, index, *parameters)
    assert [one.dtype for one in actual[1:]] == [dtype] * 3
    assert actual[1].shape == ()


def call(name: str, **changed: object) -> Tensor:
    """One operation on good arguments, with some of them changed."""
    x, index, ones = torch.ones(2, 5, 3), torch.tensor([[0, 1, 2], [2, 3, 4]]), torch.ones(3)
    given = {"x": x, "index": index} | {
        "forward": {},
        "backward": {"grad": torch.ones(2, 3, 3)},
        "expand": {"alpha": torch.ones(1), "weight": ones, "bias": ones},
        "expand_backward": {"grad": torch.ones(2, 8, 3), "alpha": torch.ones(1), "weight": ones, "bias": ones},
    }[name]
    found: Tensor = getattr(cpp_kernels, name)(**(given | changed))
    return found


@pytest.mark.parametrize("name", ["forward", "backward", "expand", "expand_backward"])
@pytest.mark.parametrize("value", [5, -1])
def test_an_index_value_outside_is_refused_before_memory_is_touched(name: str, value: int) -> None:
    with pytest.raises(IndexError, match=f"index holds {value}; expected 0 <= index < C = 5"):
        call(name, index=torch.tensor([[0, 1, 2], [2, value, 4]]))


BAD = [
    ("forward", {"x": torch.ones(3)}, ValueError, r"x has shape \[3\]; expected \(B, C"),
    ("forward", {"x": torch.ones(2, 5, 3, dtype=torch.int64)}, TypeError, "x is Long; expected float32"),
    ("forward", {"index": torch.zeros(2, 2, dtype=torch.int32)}, TypeError, "index is Int; expected int64"),
    ("forward", {"index": torch.zeros(3, 2, dtype=torch.int64)}, ValueError, "with B = 2"),
    ("forward", {"out": torch.empty(2, 4, 3)}, ValueError, "out has shape"),
    ("forward", {"out": torch.empty(2, 3, 3, dtype=torch.float64)}, TypeError, "out is Double"),
    ("forward", {"schedule": "flatt"}, ValueError, "no schedule 'flatt'.*direct, balanced, blocked, flat"),
    ("backward", {"grad": torch.ones(2, 4, 3)}, ValueError, "grad has shape"),
    ("backward", {"grad": torch.ones(2, 3, 3, dtype=torch.float64)}, TypeError, "grad is Double; expected Float"),
    ("expand", {"norm": "relu"}, ValueError, "no norm 'relu'.*softsign, sigmoid, algebraic, tanh, identity"),
    ("expand", {"schedule": "direct"}, ValueError, "no schedule 'direct' of ach_expand; there are: blocked, flat"),
    ("expand", {"weight": torch.ones(4)}, ValueError, r"weight has shape \[4\]; expected \(3,\)"),
    ("expand", {"alpha": torch.ones(2)}, ValueError, "alpha has shape"),
    ("expand", {"bias": torch.ones(3, dtype=torch.int64)}, TypeError, "bias is Long"),
    ("expand_backward", {"grad": torch.ones(2, 3, 3)}, ValueError, "grad has shape"),
]


@pytest.mark.parametrize(("name", "changed", "error", "says"), BAD, ids=[f"{case[0]}: {case[3]}" for case in BAD])
def test_what_does_not_fit_is_refused_by_name(
    name: str, changed: dict[str, object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        call(name, **changed)


def test_out_is_known_to_have_changed() -> None:
    weight, kept = torch.ones(1, requires_grad=True), torch.ones(2, 10, 3)
    y = (weight * kept).sum()
    cpp_kernels.forward(random(2, 5, 3), None, kept)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(y, weight)


@rows("dtype", DTYPES)
@rows("count", [0, 1, 37])
def test_fill_sets_every_element(count: int, dtype: torch.dtype) -> None:
    out = torch.zeros(count, dtype=dtype)
    cpp_kernels.operators().fill(out, 1.5)
    assert torch.equal(out, torch.full((count,), 1.5, dtype=dtype))


MOST = 3037000500
"""The most channels whose pairs an int64 counts, twice over, as their number is found."""


def test_more_pairs_than_an_int64_counts_are_refused_with_the_channels_and_the_most() -> None:
    says = rf"n is {MOST + 1} channels, whose pairs an int64 cannot count; expected n <= {MOST}"
    x = torch.empty(0, MOST + 1)
    index = torch.empty(0, MOST + 1, dtype=torch.int64)
    none = torch.empty(0)
    with pytest.raises(ValueError, match=says):
        cpp_kernels.forward(x)
    with pytest.raises(ValueError, match=says):
        cpp_kernels.forward(torch.empty(0, 5), index)
    with pytest.raises(ValueError, match=says):
        cpp_kernels.forward(x, out=none)
    with pytest.raises(ValueError, match=says):
        cpp_kernels.backward(none, x)
    with pytest.raises(ValueError, match=says):
        cpp_kernels.expand(torch.empty(0, 5), index, torch.ones(1), none, none)
    with pytest.raises(ValueError, match=says):
        cpp_kernels.expand_backward(none, torch.empty(0, 5), index, torch.ones(1), none, none)
    with pytest.raises(ValueError, match=says):
        cpp_kernels.select_expand(x, torch.ones(1), MOST + 1, torch.ones(1), none, none)


@pytest.mark.parametrize("shape", [(0, MOST), (3, MOST, 0)])
def test_the_most_channels_of_nothing_have_pairs_of_nothing(shape: tuple[int, ...]) -> None:
    x = torch.empty(shape)
    assert cpp_kernels.forward(x).shape == (shape[0], MOST * (MOST - 1) // 2, *shape[2:])
    assert cpp_kernels.backward(cpp_kernels.forward(x), x).shape == x.shape
