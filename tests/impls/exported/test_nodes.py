"""Every operator of ours, as a function and in the library, at odd, prime, one and empty sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from impls.cross_hadamard.pairs import pair_count
from impls.expansion.ach.scene import TAPS, before_eca
from impls.exported import library as building
from impls.exported.library import library, stream_from
from impls.exported.names import SUFFIXES, expand_name, select_expand_name
from opbench.caches import known
from opbench.caches.told import processors

from ...rows import rows
from .nodes import cross, expanded, model, parameters, products, run

BOTH = [pytest.param(False, id="stock"), pytest.param(True, id="library", marks=pytest.mark.compiler)]
SHAPES = [
    ((3, 7, 7, 7), 5),
    ((1, 17, 13, 13), 11),
    ((2, 19, 1, 1), 17),
    ((1, 5, 3, 3), 2),
    ((2, 5, 3, 5), 1),
    ((1, 3, 1, 17), 3),
]
PAST_A_TILE = ((1, 31, 67, 67), 29)
"""Packed maps of 31 x 67 x 67 do not fit a tile of our library's; nodes of the standard have none of ours."""

UNIT = {torch.float32: 2.0**-24, torch.float16: 2.0**-11}


def close(got: torch.Tensor, want: torch.Tensor, dtype: torch.dtype, units: float = 24) -> None:
    assert got.dtype == dtype
    scale = float(want.square().mean().sqrt()) if want.numel() else 1.0
    torch.testing.assert_close(got.double(), want, rtol=units * UNIT[dtype], atol=units * UNIT[dtype] * scale)


def drawn(shape: tuple[int, ...], k: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Generator]:
    random = torch.Generator().manual_seed(sum(shape) + k)
    x = torch.randn(shape, generator=random).to(dtype)
    return x, torch.randint(0, shape[1], (shape[0], k), generator=random), random


@pytest.mark.parametrize("with_library", BOTH)
@rows("dtype", UNIT)
@rows("shape, k", [*SHAPES, PAST_A_TILE])
def test_products(shape: tuple[int, ...], k: int, dtype: torch.dtype, with_library: bool) -> None:
    if (shape, k) == PAST_A_TILE and not with_library:
        return
    x, index, _ = drawn(shape, k, dtype)
    close(cross(x, index, with_library=with_library), products(x, index), dtype, units=1)


@pytest.mark.parametrize("with_library", BOTH)
@rows("norm", SUFFIXES)
@rows("dtype", UNIT)
@rows("shape, k", [*SHAPES, PAST_A_TILE])
def test_expansion(shape: tuple[int, ...], k: int, dtype: torch.dtype, norm: str, with_library: bool) -> None:
    if (shape, k) == PAST_A_TILE and not with_library:
        return
    x, index, random = drawn(shape, k, dtype)
    values = {"x": x, "index": index, **parameters(pair_count(k), random)}
    made = model(expand_name(norm), values, shape[1] + pair_count(k))
    close(run(made, values, with_library=with_library), expanded(x, index, values, norm), dtype)


@pytest.mark.parametrize("with_library", BOTH)
@rows("norm", SUFFIXES)
@rows("shape, k", [*SHAPES, PAST_A_TILE])
def test_selection_and_expansion(shape: tuple[int, ...], k: int, norm: str, with_library: bool) -> None:
    """Scores are whole steps apart, in another order in every sample."""
    if (shape, k) == PAST_A_TILE and not with_library:
        return
    x, _, random = drawn(shape, k, torch.float32)
    ranks = torch.rand(shape[:2], generator=random).argsort(dim=1)
    x += before_eca((ranks + 0.5) / shape[1] - 0.5)[:, :, None, None] - x.mean(dim=(2, 3), keepdim=True)
    values = {"x": x, "taps": torch.tensor(TAPS), **parameters(pair_count(k), random)}
    made = model(select_expand_name(norm), values, shape[1] + pair_count(k), k=k)
    index = ranks.argsort(dim=1, descending=True)[:, :k]
    close(run(made, values, with_library=with_library), expanded(x, index, values, norm), torch.float32)


@pytest.mark.parametrize("with_library", BOTH)
@pytest.mark.parametrize("shape", [(0, 5, 3, 3), (2, 5, 0, 3)])
def test_nothing_gives_nothing(shape: tuple[int, ...], with_library: bool) -> None:
    x = torch.zeros(shape)
    index = torch.zeros((shape[0], 3), dtype=torch.int64)
    assert cross(x, index, with_library=with_library).shape == (shape[0], 3, *shape[2:])


@pytest.mark.parametrize("with_library", BOTH)
def test_products_take_any_rank(with_library: bool) -> None:
    x = torch.randn((2, 7, 3, 2, 5), generator=torch.Generator().manual_seed(0))
    index = torch.tensor([[0, 6, 3], [2, 2, 1]])
    close(cross(x, index, with_library=with_library), products(x, index), torch.float32, units=1)


@pytest.mark.parametrize("with_library", BOTH)
def test_of_equal_scores_the_lower_channel_comes_first(with_library: bool) -> None:
    x = torch.tensor([1.0, 3.0, 1.0, 3.0, 2.0]).view(1, 5, 1, 1)
    values = {"x": x, "taps": torch.tensor([0.0, 1.0, 0.0]), **parameters(pair_count(4), torch.Generator())}
    made = model(select_expand_name("identity"), values, 5 + pair_count(4), k=4)
    want = expanded(x, torch.tensor([[1, 3, 4, 0]]), values, "identity")
    close(run(made, values, with_library=with_library), want, torch.float32)


@pytest.mark.compiler
def test_a_product_that_overflows_gives_the_bound() -> None:
    x = torch.full((1, 2, 1, 1), 1e30)
    values = {"x": x, "index": torch.tensor([[0, 1]]), **parameters(1, torch.Generator().manual_seed(0))}
    for norm, bound in (("softsign", 1.0), ("algebraic", 1.0), ("tanh", 1.0), ("sigmoid", 0.5)):
        got = run(model(expand_name(norm), values, 3), values, with_library=True)[0, 2, 0, 0]
        torch.testing.assert_close(got, bound * values["weight"][0] + values["bias"][0])


@pytest.mark.compiler
@pytest.mark.parametrize("with_library", BOTH)
def test_without_bounds_a_product_stays_what_it_is(with_library: bool) -> None:
    x = torch.tensor([3e12, 7.0, -3e12]).reshape(1, 3, 1, 1)
    values = {"x": x, "index": torch.tensor([[0, 2]]), **parameters(1, torch.Generator().manual_seed(0))}
    want = expanded(x, values["index"], values, "identity")
    close(run(model(expand_name("identity"), values, 4), values, with_library=with_library), want, torch.float32)


@pytest.mark.compiler
@pytest.mark.parametrize("schedule", ["", "direct", "balanced"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_neither_threads_nor_schedules_change_a_bit(threads: int, schedule: str) -> None:
    x, index, _ = drawn((3, 37, 29, 31), 31, torch.float32)
    want = products(x, index).float()
    assert torch.equal(cross(x, index, with_library=True, threads=threads, schedule=schedule), want)


@pytest.fixture
def stores() -> Iterator[Callable[[int], None]]:
    """Sets from how many bytes of output on the library's stores go around the caches."""
    yield lambda size_bytes: stream_from(library(), size_bytes)
    library.cache_clear()
    library()


@pytest.mark.compiler
@rows("shape, k", [*SHAPES, ((1, 13, 2311, 1), 7)])
@rows("dtype", UNIT)
def test_stores_around_the_caches_change_no_bit(
    shape: tuple[int, ...], k: int, dtype: torch.dtype, stores: Callable[[int], None]
) -> None:
    x, index, random = drawn(shape, k, dtype)
    values = parameters(pair_count(k), random)
    expand = model(expand_name("tanh"), {"x": x, "index": index, **values}, shape[1] + pair_count(k))
    taps = {"x": x, "taps": torch.tensor(TAPS), **values}
    select = model(select_expand_name("softsign"), taps, shape[1] + pair_count(k), k=k)
    answers = []
    for size_bytes in (1 << 40, 0):
        stores(size_bytes)
        answers.append(
            [
                *(cross(x, index, with_library=True, schedule=name) for name in ("", "direct", "balanced")),
                run(expand, {"x": x, "index": index, **values}, with_library=True, threads=2),
                run(select, taps, with_library=True, threads=2),
            ]
        )
    for through, around in zip(*answers, strict=True):
        assert torch.equal(through, around)


@pytest.mark.compiler
@pytest.mark.usefixtures("stores")
def test_stores_go_around_the_caches_from_the_size_that_is_known_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []
    monkeypatch.setattr(building, "stream_from", lambda _, size_bytes: told.append(size_bytes))
    library.cache_clear()
    library()
    assert told == [known(len(processors())).stream_reused_bytes]


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("index", "says"),
    [
        (torch.tensor([[0, 5]]), r"opbench: index holds 5; expected 0 to 4"),
        (torch.tensor([[-1, 2]]), r"opbench: index holds -1; expected 0 to 4"),
        (torch.tensor([[0, 2], [1, 2]]), r"opbench: index has shape \(2, 2\); expected \(1, k\)"),
    ],
)
def test_the_library_refuses_an_index_outside(index: torch.Tensor, says: str) -> None:
    with pytest.raises(Exception, match=says):
        cross(torch.zeros((1, 5, 2, 2)), index, with_library=True)


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"weight": torch.ones(4)}, r"weight and bias have shapes \(4\) and \(3\); expected \(3\) each"),
        ({"alpha": torch.ones(2)}, r"alpha has shape \(2\); expected one value"),
        ({"taps": torch.ones(4)}, r"taps have shape \(4\); expected an odd number"),
        ({"x": torch.ones(1, 2, 3, 3)}, r"k is 3; expected 0 to the 2 channels of x"),
    ],
)
def test_the_library_refuses_parameters_of_another_form(change: dict[str, torch.Tensor], says: str) -> None:
    values = {"x": torch.ones(1, 5, 3, 3), "taps": torch.ones(3), **parameters(3, torch.Generator())} | change
    made = model(select_expand_name("softsign"), values, values["x"].shape[1] + 3, k=3)
    with pytest.raises(Exception, match=says):
        run(made, values, with_library=True)


@pytest.mark.compiler
def test_the_library_refuses_a_schedule_it_does_not_have() -> None:
    with pytest.raises(Exception, match="schedule is 'diagonal'; expected direct, balanced or none"):
        cross(torch.zeros((1, 5, 2, 2)), torch.tensor([[0, 1]]), with_library=True, schedule="diagonal")


@pytest.mark.compiler
def test_the_library_refuses_more_pairs_than_an_int64_counts() -> None:
    most = 3037000500
    x, index = torch.empty(0, most + 1), torch.empty(0, most + 1, dtype=torch.int64)
    says = f"n is {most + 1} channels, whose pairs an int64 cannot count; expected n <= {most}"
    with pytest.raises(Exception, match=says):
        cross(x, index, with_library=True)
