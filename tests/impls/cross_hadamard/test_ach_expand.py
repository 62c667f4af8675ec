"""ACH's expansion in one pass, by every backend and schedule that has it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import pytest
import torch
from torch import Tensor

from impls.cross_hadamard.functional import ach_expand
from impls.cross_hadamard.kernels import PUBLISHED
from impls.cross_hadamard.norms import NORMS
from opbench.errors import UsageError

from ...rows import rows
from .definitions import DTYPES, expansion, index_of, random
from .subjects import Subject, native, subjects, told_apart, uncompiled
from .test_gradients import assert_near

pytestmark = pytest.mark.usefixtures("simulated")


def fused(subject: Subject) -> bool:
    return subject.name.partition(":")[2] not in PUBLISHED


FUSED = subjects(where=fused)
SMALL = [(2, 5, 4, (3, 3)), (1, 3, 2, (1, 7)), (1, 2, 5, (2, 4))]
WIDE = [(3, 17, 8, (7, 7)), (1, 33, 17, (13, 29)), (2, 19, 5, (14, 14)), (1, 7, 33, (3, 5)), (1, 5, 3, (33, 65))]


def arguments(shape: tuple[int, int, int, tuple[int, int]], dtype: torch.dtype) -> tuple[Tensor, ...]:
    batch, channels, k, spatial = shape
    count = k * (k - 1) // 2
    x, index = random(batch, channels, *spatial, dtype=dtype), index_of(batch, k, channels)
    return x, index, torch.tensor([0.7], dtype=dtype), random(count, dtype=dtype, seed=3), random(count, dtype=dtype)


def exact(given: tuple[Tensor, ...], norm: str) -> Tensor:
    x, index, *parameters = given
    alpha, weight, bias = (one.double() for one in parameters)
    return expansion(index, x.double(), alpha, weight, bias, norm=norm)


Defined = Callable[[tuple[int, int, int, tuple[int, int]], torch.dtype, str], Tensor]


@pytest.fixture(scope="module")
def defined() -> Defined:
    """What the definition makes of `arguments`, once for all backends: 20 MB while this file is at it."""
    return lru_cache(maxsize=None)(lambda shape, dtype, norm: exact(arguments(shape, dtype), norm))


@rows("norm", NORMS)
@rows("dtype", DTYPES)
@pytest.mark.parametrize("subject", subjects(where=lambda one: fused(one) and uncompiled(one)))
def test_the_expansion_equals_the_definition(subject: Subject, dtype: torch.dtype, norm: str, defined: Defined) -> None:
    if subject.simulated and not told_apart(norm, dtype):
        return
    # A norm is a function of one value: a simulator is asked for it at the smallest shape, and at all for one norm.
    small = SMALL[1:2] if subject.simulated and norm != "softsign" else SMALL
    for shape in small if subject.simulated else [*SMALL, *WIDE]:
        x, index, alpha, weight, bias = (one.to(subject.device) for one in arguments(shape, dtype))
        got = ach_expand(x, index, alpha, weight, bias, norm=norm, backend=subject.name)
        assert got.dtype == dtype
        assert got.is_contiguous()
        assert torch.equal(got[:, : x.shape[1]], x)
        assert_near(got, defined(shape, dtype, norm), dtype)


@rows("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("subject", FUSED)
def test_parameters_may_stay_in_float32_as_under_autocast(subject: Subject, dtype: torch.dtype) -> None:
    x, index, *parameters = arguments(SMALL[0], dtype)
    wide = [one.float() for one in parameters]
    placed = [one.to(subject.device) for one in (x, index, *wide)]
    got = ach_expand(*placed, backend=subject.name)
    assert got.dtype == dtype
    assert_near(got, exact((x, index, *wide), "softsign"), dtype)


@pytest.mark.usefixtures("graphs_only")
@rows("shape", [(0, 5, 3, (3, 3)), (2, 5, 3, (0, 3)), (2, 5, 1, (3, 3)), (2, 5, 0, (3, 3))])
@pytest.mark.parametrize("subject", subjects(schedules=False))
def test_nothing_to_expand_leaves_x(subject: Subject, shape: tuple[int, int, int, tuple[int, int]]) -> None:
    given = arguments(shape, torch.float32)
    got = ach_expand(*(one.to(subject.device) for one in given), backend=subject.name)
    want = exact(given, "softsign").float()
    assert got.shape == want.shape
    torch.testing.assert_close(got.cpu(), want)


@rows("norm", [one for one in NORMS if one != "identity"])
@pytest.mark.parametrize("subject", FUSED)
def test_an_overflowing_product_is_bounded_not_lost(subject: Subject, norm: str) -> None:
    x = torch.tensor([3e38, 3e38, -3e38, math.nan, 0.0]).reshape(1, 5, 1)
    index = torch.tensor([[0, 1, 2, 3, 4]])
    one = torch.ones(1), torch.ones(10), torch.zeros(10)
    got = ach_expand(*(each.to(subject.device) for each in (x, index, *one)), norm=norm, backend=subject.name)[0, 5:, 0]
    bound = 0.5 if norm == "sigmoid" else 1.0
    want = torch.tensor([bound, -bound, math.nan, 0.0, -bound, math.nan, 0.0, math.nan, 0.0, math.nan])
    torch.testing.assert_close(got.cpu(), want, equal_nan=True)


@pytest.mark.parametrize("subject", FUSED)
def test_identity_bounds_nothing(subject: Subject) -> None:
    x = torch.tensor([3e12, 3e12, -2.0, 3e38, math.nan]).reshape(1, 5, 1)
    index = torch.tensor([[0, 1, 2, 3, 4]])
    given = x, index, torch.ones(1), torch.full((10,), 2.0), torch.ones(10)
    got = ach_expand(*(each.to(subject.device) for each in given), norm="identity", backend=subject.name)[0, 5:, 0]
    product = torch.tensor([9e24, -6e12, math.inf, math.nan, -6e12, math.inf, math.nan, -6e38, math.nan, math.nan])
    torch.testing.assert_close(got.cpu(), 2 * product + 1, equal_nan=True)


@pytest.mark.parametrize("subject", FUSED)
def test_nor_does_its_slope(subject: Subject) -> None:
    x, index, alpha = torch.full((1, 2, 3), 3e12), torch.tensor([[0, 1]]), torch.ones(1, device=subject.device)
    one = torch.ones(1, device=subject.device)
    alpha.requires_grad_()
    got = ach_expand(
        x.to(subject.device), index.to(subject.device), alpha, one, one, norm="identity", backend=subject.name
    )
    got.sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert alpha.grad is not None
    torch.testing.assert_close(alpha.grad.cpu(), torch.tensor([3 * 9e24]))


BAD = [
    ("alpha of two", {"alpha": torch.ones(2)}, ValueError, r"alpha has shape \(2,\); expected one value"),
    ("weight too short", {"weight": torch.ones(2)}, ValueError, r"weight has shape \(2,\); expected \(3,\) for k = 3"),
    ("bias of another rank", {"bias": torch.ones(3, 1, 1)}, ValueError, "bias has shape"),
    ("weight of another dtype", {"weight": torch.ones(3).double()}, TypeError, "weight is torch.float64"),
    ("bias elsewhere", {"bias": torch.ones(3, device="meta")}, ValueError, "bias is on meta"),
    ("index too large", {"index": torch.tensor([[0, 1, 9]])}, IndexError, "index holds 9; expected 0 <= index < C = 5"),
    ("integers", {"x": torch.ones(1, 5, 3, dtype=torch.int64)}, TypeError, "x is torch.int64"),
]


@rows("what, changed, error, says", BAD)
@pytest.mark.parametrize("subject", subjects(schedules=False))
def test_bad_input_is_the_same_error_from_every_backend(
    subject: Subject, what: str, changed: dict[str, Tensor], error: type[Exception], says: str
) -> None:
    names = ("x", "index", "alpha", "weight", "bias")
    values = (torch.ones(1, 5, 3), torch.tensor([[0, 1, 2]]), torch.ones(1), torch.ones(3), torch.ones(3))
    given = dict(zip(names, values, strict=True)) | changed
    placed = {name: one if one.is_meta else one.to(subject.device) for name, one in given.items()}
    with pytest.raises(error, match=says):
        ach_expand(*(placed[name] for name in names), backend=subject.name)


def test_an_unknown_norm_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"no norm 'softsine' of ach_expand \(did you mean 'softsign'\?\)"):
        ach_expand(*arguments(SMALL[0], torch.float32), norm="softsine")


@rows("schedule", PUBLISHED)
@pytest.mark.parametrize("subject", subjects(schedules=False, where=lambda one: not one.stem.startswith("torch")))
def test_the_published_schedules_have_no_fused_form_and_say_so(subject: Subject, schedule: str) -> None:
    given = (one.to(subject.device) for one in arguments(SMALL[0], torch.float32))
    with pytest.raises((UsageError, ValueError), match=rf"no schedule '{schedule}'.*there are: blocked, flat"):
        ach_expand(*given, backend=f"{subject.stem}:{schedule}")


def test_native_subjects_are_among_the_fused_ones() -> None:
    assert any(native(one.values[0]) for one in FUSED)
