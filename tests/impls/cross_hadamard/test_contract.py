"""One contract, every backend: the same results, and the same error for the same bad input."""

from __future__ import annotations

import math

import pytest
import torch

from impls.cross_hadamard.functional import cross_hadamard
from opbench.errors import UsageError

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
QUICK = ["torch_eager", "torch_select", pytest.param("cpp_ext", marks=pytest.mark.compiler)]
ALL = [*QUICK, pytest.param("torch_compile", marks=pytest.mark.compiler)]


def expected(x: torch.Tensor, index: torch.Tensor | None = None) -> torch.Tensor:
    """The definition, written as loops, in float64 and rounded once."""
    z = x.double() if index is None else torch.stack([x[b, index[b]] for b in range(len(x))]).double()
    n = z.shape[1]
    pairs = [z[:, i] * z[:, j] for i in range(n) for j in range(i + 1, n)]
    empty = z.new_empty(z.shape[0], 0, *z.shape[2:])
    return (torch.stack(pairs, 1) if pairs else empty).to(x.dtype)


def random(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype)


def assert_same(got: torch.Tensor, want: torch.Tensor) -> None:
    assert got.is_contiguous()
    torch.testing.assert_close(got, want, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("backend", QUICK)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 8, 17, 33])
@pytest.mark.parametrize("spatial", [(1, 1), (1, 7), (7, 7), (14, 14), (13, 29), (32, 32)], ids=str)
def test_products_equal_the_definition(backend: str, n: int, spatial: tuple[int, int], dtype: torch.dtype) -> None:
    x = random(3, n, *spatial, dtype=dtype)
    assert_same(cross_hadamard(x, backend=backend), expected(x))


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize("shape", [(0, 5, 7, 7), (2, 5, 0, 7), (2, 5), (2, 5, 3), (1, 3, 2, 3, 5)], ids=str)
def test_empty_and_other_ranks(backend: str, shape: tuple[int, ...]) -> None:
    x = random(*shape)
    assert_same(cross_hadamard(x, backend=backend), expected(x))


@pytest.mark.parametrize("backend", ALL)
def test_selected_channels_may_repeat_and_differ_by_sample(backend: str) -> None:
    x, index = random(2, 5, 7, 3), torch.tensor([[0, 4, 4, 1], [2, 2, 2, 3]])
    assert_same(cross_hadamard(x, index, backend=backend), expected(x, index))


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize("k", [0, 1])
def test_fewer_than_two_selected_channels_give_no_pairs(backend: str, k: int) -> None:
    found = cross_hadamard(random(2, 5, 7, 7), torch.zeros(2, k, dtype=torch.int64), backend=backend)
    assert found.shape == (2, 0, 7, 7)


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize("layout", ["channels_last", "transposed", "sliced", "offset", "expanded"])
def test_strides_do_not_matter(backend: str, layout: str) -> None:
    x = random(2, 5, 7, 8)
    made = {
        "channels_last": x.contiguous(memory_format=torch.channels_last),
        "transposed": x.transpose(2, 3),
        "sliced": x[:, ::2, 1:, ::3],
        "offset": random(2 * 5 * 49 + 1)[1:].view(2, 5, 7, 7),
        "expanded": x[:1].expand(3, -1, -1, -1),
    }[layout]
    assert_same(cross_hadamard(made, backend=backend), expected(made))


@pytest.mark.parametrize("backend", QUICK)
def test_special_values_follow_ieee(backend: str) -> None:
    x = torch.tensor([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-40, 3e38, -1.0]).reshape(1, 8, 1).repeat(1, 1, 11)
    assert_same(cross_hadamard(x, backend=backend), expected(x))


@pytest.mark.parametrize("backend", ALL)
def test_out_is_written_whole_whatever_its_strides(backend: str) -> None:
    x = random(2, 5, 7, 7)
    for out in (torch.full((2, 10, 7, 7), math.nan), torch.full((2, 10, 7, 14), math.nan)[..., ::2]):
        assert cross_hadamard(x, backend=backend, out=out) is out
        torch.testing.assert_close(out, expected(x), rtol=0, atol=0)


@pytest.mark.compiler
@pytest.mark.parametrize("edge", [23, 32])
def test_outputs_past_the_cache_take_the_streaming_path_and_are_right(edge: int) -> None:
    x = random(8, 128, edge, edge)  # 130 to 260 MiB of output: past half of any last-level cache up to 260 MiB
    got = cross_hadamard(x, backend="cpp_ext")
    i, j = torch.triu_indices(128, 128, 1)
    for sample in (0, 7):
        assert torch.equal(got[sample], x[sample, i] * x[sample, j])


@pytest.mark.parametrize("backend", QUICK)
def test_gradients_agree_with_finite_differences(backend: str) -> None:
    x = random(2, 4, 3, dtype=torch.float64).requires_grad_()
    index = torch.tensor([[0, 3, 3], [1, 0, 2]])
    assert torch.autograd.gradcheck(lambda one: cross_hadamard(one, backend=backend), (x,))
    assert torch.autograd.gradcheck(lambda one: cross_hadamard(one, index, backend=backend), (x,))


@pytest.mark.parametrize("backend", QUICK)
def test_second_gradients_agree_with_finite_differences(backend: str) -> None:
    x = random(2, 4, 3, dtype=torch.float64).requires_grad_()
    index = torch.tensor([[0, 3, 3], [1, 0, 2]])
    assert torch.autograd.gradgradcheck(lambda one: cross_hadamard(one, backend=backend), (x,))
    assert torch.autograd.gradgradcheck(lambda one: cross_hadamard(one, index, backend=backend), (x,))


@pytest.mark.compiler
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # what torch.func itself still uses
def test_a_forward_mode_gradient_is_refused_rather_than_zero() -> None:
    x = random(2, 4, 3)
    with pytest.raises(NotImplementedError, match="forward-mode"):
        torch.func.jvp(lambda one: cross_hadamard(one, backend="cpp_ext"), (x,), (x,))


@pytest.mark.parametrize("backend", ALL)
def test_out_may_share_memory_with_x(backend: str) -> None:
    buffer = random(1, 13, 7, 7)
    want = expected(buffer[:, :5])
    assert torch.equal(cross_hadamard(buffer[:, :5], backend=backend, out=buffer[:, 3:13]), want)
    same = random(2, 3, 7, 7)
    want = expected(same)
    assert torch.equal(cross_hadamard(same, backend=backend, out=same), want)


@pytest.mark.parametrize("backend", ALL)
def test_a_gradient_through_memory_that_out_overwrote_is_an_error(backend: str) -> None:
    weight, kept = torch.ones(1, requires_grad=True), torch.ones(2, 10, 3)
    y = (weight * kept).sum()
    cross_hadamard(random(2, 5, 3), backend=backend, out=kept)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(y, weight)


@pytest.mark.parametrize("backend", QUICK)
def test_inference_mode_leaves_nothing_behind_that_training_trips_over(backend: str) -> None:
    x = random(2, 23, 3)
    with torch.inference_mode():
        cross_hadamard(x, backend=backend)
    total = cross_hadamard(x.requires_grad_(), backend=backend).sum()
    (gradient,) = torch.autograd.grad(total, x)
    assert gradient.isfinite().all()


@pytest.mark.compiler
def test_a_compiled_kernel_is_counted_like_the_definition() -> None:
    from impls.cross_hadamard.cpp_ext import operators
    from opbench.counting import count

    found = count(operators().cross_hadamard.default, {"x": torch.empty(2, 5, 7, 3, device="meta")})
    expected_counts = {"macs": 0, "products": 2 * 10 * 21, "elementwise": 0}
    assert found == {"fvcore": expected_counts, "torch": expected_counts}


@pytest.mark.compiler
def test_without_a_gradient_to_track_the_output_needs_none() -> None:
    x = random(2, 4, 3).requires_grad_()
    with torch.no_grad():
        assert not cross_hadamard(x, backend="cpp_ext").requires_grad


BAD = [
    ("a vector", {"x": torch.ones(3)}, ValueError, r"x has shape \(3,\)"),
    ("integers", {"x": torch.ones(2, 3, dtype=torch.int64)}, TypeError, "x is torch.int64"),
    ("complex", {"x": torch.ones(2, 3, dtype=torch.complex64)}, TypeError, "x is torch.complex64"),
    ("int32 index", {"index": torch.zeros(2, 2, dtype=torch.int32)}, TypeError, "index is torch.int32"),
    ("flat index", {"index": torch.zeros(2, dtype=torch.int64)}, ValueError, "index has shape"),
    ("index of another batch", {"index": torch.zeros(3, 2, dtype=torch.int64)}, ValueError, "with B = 2"),
    ("index too large", {"index": torch.tensor([[0, 1], [0, 5]])}, IndexError, "index holds 5; expected 0 <= index"),
    ("index negative", {"index": torch.tensor([[0, 1], [-1, 0]])}, IndexError, "index holds -1"),
    ("index elsewhere", {"index": torch.zeros(2, 2, dtype=torch.int64, device="meta")}, ValueError, "one device"),
    ("out of another shape", {"out": torch.empty(2, 9, 3)}, ValueError, r"expected \(2, 10, 3\)"),
    ("out of another dtype", {"out": torch.empty(2, 10, 3, dtype=torch.float64)}, TypeError, "out is torch.float64"),
    ("out elsewhere", {"out": torch.empty(2, 10, 3, device="meta")}, ValueError, "out is on meta"),
]


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize(("arguments", "error", "says"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input_is_the_same_error_from_every_backend(
    backend: str, arguments: dict[str, torch.Tensor], error: type[Exception], says: str
) -> None:
    given = {"x": torch.ones(2, 5, 3)} | arguments
    with pytest.raises(error, match=says):
        cross_hadamard(given.pop("x"), backend=backend, **given)


def test_out_with_a_gradient_to_track_is_refused() -> None:
    x = torch.ones(2, 5, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="not differentiable"):
        cross_hadamard(x, out=torch.empty(2, 10, 3))


def test_an_unknown_backend_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"no backend 'tritn'.*cpp_ext, torch_compile, torch_eager, torch_select"):
        cross_hadamard(torch.ones(1, 2, 3), backend="tritn")


@pytest.mark.compiler
def test_auto_is_the_extension_where_it_can_be_built() -> None:
    x = random(1, 3, 5)
    assert_same(cross_hadamard(x), cross_hadamard(x, backend="cpp_ext"))


@pytest.mark.compiler
def test_the_registered_operator_passes_opcheck() -> None:
    from impls.cross_hadamard.cpp_ext import operators

    x = random(2, 4, 3).requires_grad_()
    torch.library.opcheck(operators().cross_hadamard.default, (x,))
    torch.library.opcheck(operators().cross_hadamard.default, (x, torch.tensor([[0, 1, 3], [2, 2, 0]])))
