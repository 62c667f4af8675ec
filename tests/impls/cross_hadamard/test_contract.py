"""One contract, every backend and schedule: the same results, and the same error for the same bad input."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import lru_cache
from typing import Any

import pytest
import torch
from torch import Tensor

from impls.cross_hadamard.functional import cross_hadamard
from opbench.errors import UsageError

from ...rows import rows
from .conftest import stopping_at_graphs
from .definitions import DTYPES, expected, index_of, random
from .subjects import Subject, native, once, quick, subjects

pytestmark = pytest.mark.usefixtures("simulated")

MAPS = [(1, 1), (1, 7), (7, 7), (14, 14), (13, 29), (32, 32), (33, 65)]
SMALL = [(3, 2, 1, 1), (1, 3, 1, 7), (2, 5, 3, 3), (1, 9, 2, 4), (1, 4, 5, 7)]
"""(B, n, H, W) for simulators, where every thread of a GPU is a call; their own tests reach every branch."""


def assert_same(got: Tensor, want: Tensor) -> None:
    assert got.is_contiguous()
    if got.dtype == want.dtype and torch.equal(got.cpu(), want):
        return  # in one pass; what differs, or holds NaN, takes the dozen below
    torch.testing.assert_close(got.cpu(), want, rtol=0, atol=0, equal_nan=True)


@pytest.fixture(scope="module")
def defined() -> Callable[[tuple[int, ...], torch.dtype], Tensor]:
    """The products of `random(*shape)` by the definition, once for all backends: 100 MB while this file is at it."""
    return lru_cache(maxsize=None)(lambda shape, dtype: expected(random(*shape, dtype=dtype)))


@rows("dtype", DTYPES)
@pytest.mark.parametrize("subject", subjects(where=quick))
@rows("n", [0, 1, 2, 3, 4, 5, 8, 17, 33, 64])
def test_products_equal_the_definition(
    subject: Subject, n: int, dtype: torch.dtype, defined: Callable[[tuple[int, ...], torch.dtype], Tensor]
) -> None:
    # 64 channels are whole tiles, 33 and 17 are past one: maps past a block of 1,024 elements are asked of these.
    for spatial in MAPS if n < 64 else MAPS[:5]:
        for batch in (0, 1, 3) if n < 33 else (1,):
            shape = (batch, n, *spatial)
            x = random(*shape, dtype=dtype).to(subject.device)
            assert_same(cross_hadamard(x, backend=subject.name), defined(shape, dtype))


@rows("dtype", DTYPES)
@pytest.mark.parametrize("subject", subjects(where=lambda one: not quick(one)))
def test_products_equal_the_definition_at_small_shapes(subject: Subject, dtype: torch.dtype) -> None:
    # Compiled code is the same at every dtype but for its conversions: all shapes in one, in others one of 35 elements
    # a map, which are vectors and a rest. Generating it takes seconds each, and where vectors end is all that a shape
    # changes of it: of that one's and of maps of one element; the other graphs are run as they are.
    compiled = subject.stem == "torch_compile"
    for shape in SMALL[4:] if compiled and dtype != torch.float32 else SMALL:
        with stopping_at_graphs() if compiled and shape not in {SMALL[0], SMALL[4]} else nullcontext():
            x = random(*shape, dtype=dtype)
            assert_same(cross_hadamard(x.to(subject.device), backend=subject.name), expected(x))


@pytest.mark.usefixtures("graphs_only")
@rows("shape", [(0, 5, 7, 7), (2, 5, 0, 7), (2, 1, 3), (2, 5), (2, 5, 3), (1, 3, 2, 3, 5)])
@pytest.mark.parametrize("subject", subjects(where=once))
def test_empty_and_other_ranks(subject: Subject, shape: tuple[int, ...]) -> None:
    x = random(*shape)
    assert_same(cross_hadamard(x.to(subject.device), backend=subject.name), expected(x))


@pytest.mark.parametrize("subject", subjects())
def test_selected_channels_may_repeat_and_differ_by_sample(subject: Subject) -> None:
    x, index = random(2, 5, 7, 3), torch.tensor([[0, 4, 4, 1], [2, 2, 2, 3]])
    got = cross_hadamard(x.to(subject.device), index.to(subject.device), backend=subject.name)
    assert_same(got, expected(x, index))


@rows("dtype", DTYPES)
@pytest.mark.parametrize("subject", subjects(where=quick))
def test_selected_channels_of_wider_maps(subject: Subject, dtype: torch.dtype) -> None:
    for batch, channels, k, spatial in ((3, 7, 11, (7, 7)), (1, 33, 17, (13, 29)), (0, 5, 3, (3, 3))):
        x, index = random(batch, channels, *spatial, dtype=dtype), index_of(batch, k, channels)
        got = cross_hadamard(x.to(subject.device), index.to(subject.device), backend=subject.name)
        assert_same(got, expected(x, index))


@rows("k", [0, 1])
@pytest.mark.parametrize("subject", subjects(schedules=False))
def test_fewer_than_two_selected_channels_give_no_pairs(subject: Subject, k: int) -> None:
    index = torch.zeros(2, k, dtype=torch.int64, device=subject.device)
    actual = cross_hadamard(random(2, 5, 7, 7).to(subject.device), index, backend=subject.name)
    assert actual.shape == (2, 0, 7, 7)


@pytest.mark.usefixtures("graphs_only")
@rows("layout", ["channels_last", "transposed", "sliced", "offset", "expanded"])
@pytest.mark.parametrize("subject", subjects(where=once))
def test_strides_and_alignment_do_not_matter(subject: Subject, layout: str) -> None:
    x = random(2, 5, 3, 8)
    made = {
        "channels_last": x.contiguous(memory_format=torch.channels_last),
        "transposed": x.transpose(2, 3),
        "sliced": x[:, ::2, 1:, ::3],
        "offset": random(2 * 5 * 24 + 1)[1:].view(2, 5, 3, 8),
        "expanded": x[:1].expand(3, -1, -1, -1),
    }[layout]
    placed = made if subject.device == "cpu" else _same_layout(made, subject.device)
    assert_same(cross_hadamard(placed, backend=subject.name), expected(made))


def _same_layout(x: Tensor, device: str) -> Tensor:
    """A copy on the device with x's strides and storage offset, which `.to` may change."""
    storage = torch.empty(x.untyped_storage().nbytes() // x.element_size(), dtype=x.dtype, device=device)
    storage.copy_(torch.as_strided(x, storage.shape, (1,), 0))
    return storage.as_strided(x.shape, x.stride(), x.storage_offset())


@rows("dtype", DTYPES)
@pytest.mark.parametrize("subject", subjects(where=lambda one: one.stem != "torch_compile"))
def test_special_values_follow_ieee(subject: Subject, dtype: torch.dtype) -> None:
    huge, tiny = torch.finfo(dtype).max, torch.finfo(dtype).tiny / 4
    values = torch.tensor([math.nan, math.inf, -math.inf, 0.0, -0.0, tiny, huge, -1.0, 0.5], dtype=torch.float64)
    x = values.to(dtype).reshape(1, -1, 1).repeat(1, 1, 3)
    assert_same(cross_hadamard(x.to(subject.device), backend=subject.name), expected(x))


@pytest.mark.usefixtures("graphs_only")
@pytest.mark.parametrize("subject", subjects(where=once))
def test_out_is_written_whole_whatever_its_strides(subject: Subject) -> None:
    x = random(2, 5, 3, 7)
    for shape, step in (((2, 10, 3, 7), 1), ((2, 10, 3, 14), 2)):
        out = torch.full(shape, math.nan, device=subject.device)[..., ::step]
        assert cross_hadamard(x.to(subject.device), backend=subject.name, out=out) is out
        torch.testing.assert_close(out.cpu(), expected(x), rtol=0, atol=0)


@pytest.mark.usefixtures("graphs_only")
@pytest.mark.parametrize("subject", subjects(schedules=False))
def test_out_may_share_memory_with_x(subject: Subject) -> None:
    buffer = random(1, 13, 3, 3)
    want = expected(buffer[:, :5])
    placed = buffer.to(subject.device)
    assert torch.equal(cross_hadamard(placed[:, :5], backend=subject.name, out=placed[:, 3:13]).cpu(), want)
    same = random(2, 3, 3, 3)
    want, placed = expected(same), same.to(subject.device)
    assert torch.equal(cross_hadamard(placed, backend=subject.name, out=placed).cpu(), want)


@pytest.mark.usefixtures("graphs_only")
@pytest.mark.parametrize("subject", subjects(schedules=False, where=lambda one: one.device == "cpu"))
def test_out_may_share_memory_with_x_through_another_storage(subject: Subject) -> None:
    buffer = random(13, 3, 3).numpy()
    x, out = torch.from_numpy(buffer[:5])[None], torch.from_numpy(buffer[3:])[None]
    want = expected(x.clone())
    assert torch.equal(cross_hadamard(x, backend=subject.name, out=out), want)


@pytest.mark.usefixtures("graphs_only")
@pytest.mark.parametrize("subject", subjects(schedules=False))
def test_a_gradient_through_memory_that_out_overwrote_is_an_error(subject: Subject) -> None:
    weight = torch.ones(1, requires_grad=True, device=subject.device)
    kept = torch.ones(2, 10, 3, device=subject.device)
    y = (weight * kept).sum()
    cross_hadamard(random(2, 5, 3).to(subject.device), backend=subject.name, out=kept)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(y, weight)


@pytest.mark.usefixtures("graphs_only")
@pytest.mark.parametrize("subject", subjects(schedules=False, where=native))
def test_inference_mode_leaves_nothing_behind_that_training_trips_over(subject: Subject) -> None:
    x = random(2, 23, 3).to(subject.device)
    with torch.inference_mode():
        cross_hadamard(x, backend=subject.name)
    total = cross_hadamard(x.requires_grad_(), backend=subject.name).sum()
    (gradient,) = torch.autograd.grad(total, x)
    assert gradient.isfinite().all()


BAD = [
    ("a number", {"x": 3}, TypeError, "x is int; expected a torch.Tensor"),
    ("sparse", {"x": torch.ones(2, 5, 3).to_sparse()}, TypeError, "x has layout torch.sparse_coo"),
    ("a list for an index", {"index": [[0, 1]]}, TypeError, "index is list"),
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


@rows("what, arguments, error, says", BAD)
@pytest.mark.parametrize("subject", subjects(schedules=False))
def test_bad_input_is_the_same_error_from_every_backend(
    subject: Subject, what: str, arguments: dict[str, Any], error: type[Exception], says: str
) -> None:
    given = {"x": torch.ones(2, 5, 3)} | arguments
    placed = {
        name: one.to(subject.device) if isinstance(one, Tensor) and not one.is_meta else one
        for name, one in given.items()
    }
    with pytest.raises(error, match=says):
        cross_hadamard(placed.pop("x"), backend=subject.name, **placed)


def test_out_with_a_gradient_to_track_is_refused() -> None:
    x = torch.ones(2, 5, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="not differentiable"):
        cross_hadamard(x, out=torch.empty(2, 10, 3))


def test_an_unknown_backend_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"no backend 'tritn'.*triton_jit.*cpp_ext.*numba_cuda.*torch_select"):
        cross_hadamard(torch.ones(1, 2, 3), backend="tritn")


@pytest.mark.compiler
def test_an_unknown_schedule_names_those_that_exist() -> None:
    with pytest.raises(
        UsageError, match=r"no schedule 'blokced' of backend 'cpp_ext'.*balanced, blocked, direct, flat"
    ):
        cross_hadamard(torch.ones(1, 2, 3), backend="cpp_ext:blokced")
    with pytest.raises(UsageError, match="'torch_eager' has no schedules"):
        cross_hadamard(torch.ones(1, 2, 3), backend="torch_eager:direct")


@pytest.mark.parametrize(
    ("backend", "says"), [("auto:flat", "'auto' picks the schedule too"), (None, "backend is None; expected a name"),
                          ("", "no backend ''")]
)  # fmt: skip
def test_what_names_no_backend_is_refused_also_without_data(backend: Any, says: str) -> None:
    for device in ("cpu", "meta"):
        with pytest.raises(UsageError, match=says):
            cross_hadamard(torch.ones(1, 2, 3, device=device), backend=backend)


@pytest.mark.compiler
@pytest.mark.parametrize("edge", [23, 32])
def test_outputs_past_the_cache_take_the_streaming_path_and_are_right(edge: int) -> None:
    x = random(8, 128, edge, edge)  # 130 to 260 MiB of output: past half of any last-level cache up to 260 MiB
    got = cross_hadamard(x, backend="cpp_ext")
    i, j = torch.triu_indices(128, 128, 1)
    for sample in (0, 7):
        assert torch.equal(got[sample], x[sample, i] * x[sample, j])


@pytest.mark.gpu
@pytest.mark.parametrize("subject", subjects(where=lambda one: one.device == "cuda" and one.stem != "torch_eager"))
def test_outputs_beyond_two_to_the_31_elements_are_right(subject: Subject) -> None:
    if subject.stem.startswith("torch"):
        pytest.skip("what it gathers does not fit beside the output")
    x = torch.randn(1, 66, 1024, 1024, dtype=torch.float16, device="cuda")
    got = cross_hadamard(x, backend=subject.name)  # 2145 * 2**20 = 2.2 * 2**30 products
    first, second = torch.triu_indices(66, 66, 1)
    for p in (0, 64, 2047, 2048, 2144):
        assert torch.equal(got[0, p], x[0, int(first[p])] * x[0, int(second[p])])
