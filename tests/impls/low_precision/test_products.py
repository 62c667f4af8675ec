"""A product in few bits is the exact one where nothing is rounded, after any treatment, and costs what is counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import torch

from impls.low_precision.formats.names import FORMATS
from impls.low_precision.formats.stored import Stored
from impls.low_precision.products.counting import cost
from impls.low_precision.products.patterns import Concentration, Pattern, concentration, largest, part_of
from impls.low_precision.products.product import BLOCK, inner_transform, product
from impls.low_precision.products.treatments import TREATMENTS, Plan, treatment_of
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

SHAPES = [(1, 1, 1), (5, 3, 31), (7, 2, 32), (67, 33, 37), (3, 5, 0), (0, 4, 8)]
"""rows, columns, inner."""


@dataclass
class Exact:
    """Rounds nothing, and keeps what it was given."""

    told: str = "all bits"
    given: list[Tensor] = field(default_factory=list)

    def rounded(self, x: Tensor, random: torch.Generator | None = None) -> Tensor:
        self.given.append(x)
        return x

    def stored(self, x: Tensor, random: torch.Generator | None = None) -> Stored:
        raise NotImplementedError

    def restored(self, stored: Stored) -> Tensor:
        raise NotImplementedError

    def bits(self, rows: int, columns: int) -> int:
        return 32 * rows * columns


def operands(rows: int, columns: int, inner: int) -> tuple[Tensor, Tensor]:
    """Whole numbers up to 8, which bfloat16 holds."""
    random = torch.Generator().manual_seed(rows + columns + inner)
    a, b = (torch.randint(-8, 9, (count, inner), generator=random).float() for count in (rows, columns))
    return a, b


@pytest.mark.parametrize("name", TREATMENTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_without_rounding_every_treatment_is_the_product(name: str, shape: tuple[int, int, int]) -> None:
    a, b = operands(*shape)
    found = product(a, b, TREATMENTS[name](a, b), Exact())
    torch.testing.assert_close(found, a.double() @ b.double().T, rtol=0, atol=1e-3)


@pytest.mark.parametrize("transform", [False, True])
def test_extracted_rows_and_places_are_kept_out_of_what_is_quantised(transform: bool) -> None:
    a, b = operands(9, 6, 64)
    a[4] *= 100
    b[:, 40], a[:, 40] = 900, 1000
    kept = Exact()
    product(a, b, Plan(transform, rows=1, inner=1), kept)
    rest, other = kept.given
    want_a, want_b = a.clone(), b.clone()
    want_a[4], want_a[:, 40], want_b[:, 40] = 0, 0, 0
    if transform:
        want_a, want_b = inner_transform(want_a), inner_transform(want_b)
    assert torch.equal(rest, want_a)
    assert torch.equal(other, want_b)


def test_what_is_extracted_has_no_error_but_bfloat16s() -> None:
    random = torch.Generator().manual_seed(0)
    a, b = torch.randn(35, 64, generator=random), torch.randn(10, 64, generator=random)
    found = product(a, b, Plan(rows=2, columns=3), FORMATS["mxfp4"])
    want = a.bfloat16().double() @ b.bfloat16().double().T
    rows, columns = largest(a, 2), largest(b, 3)
    assert torch.equal(found[rows], want[rows])
    assert torch.equal(found[:, columns], want[:, columns])
    assert int((found == want).sum()) == 2 * 10 + 33 * 3


def test_a_transform_is_orthonormal_and_spreads_one_element_over_its_block() -> None:
    x = torch.zeros(2, 40)
    x[0, 33] = 8.0
    for signs in (False, True):
        found = inner_transform(x, signs=signs)
        assert found.shape == (2, 64)
        torch.testing.assert_close(found[0, 32:].abs(), torch.full((32,), 8.0 / BLOCK**0.5))
        assert not found[0, :32].any()
    drawn = torch.randn(3, 96, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(inner_transform(inner_transform(drawn)), drawn)


def test_operands_that_do_not_fit_and_unknown_treatments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a is \(2, 3\) and b \(2, 4\); expected \(rows, inner\)"):
        product(torch.zeros(2, 3), torch.zeros(2, 4), Plan(), Exact())
    with pytest.raises(UsageError, match="no treatment 'rotate' of low precision"):
        treatment_of("rotate")


@pytest.mark.parametrize("axis", [0, 1])
def test_planted_outliers_are_found_where_they_are(axis: int) -> None:
    x = torch.randn(67, 131, generator=torch.Generator().manual_seed(2))
    assert concentration(x).pattern() is Pattern.NONE
    x.select(axis, 13).mul_(40)
    found = concentration(x)
    assert found.pattern() is (Pattern.ROWS if axis == 0 else Pattern.COLUMNS)
    assert int(largest(x if axis == 0 else x.T, 1)) == 13
    turned = concentration(x.T)
    assert (turned.rows, turned.columns) == pytest.approx((found.columns, found.rows))


def test_concentration_is_what_the_largest_part_has_beyond_its_share() -> None:
    x = torch.ones(64, 3)  # two rows of 64 are looked at
    assert concentration(x) == (0.0, 0.0)
    x[5] = 0.0
    x[5, 1] = 10.0
    total, rows, columns = 63 * 3 + 100, 100 + 3, 63 + 100
    want = ((rows / total - 2 / 64) / (62 / 64), (columns / total - 1 / 3) / (2 / 3))
    assert concentration(x) == pytest.approx(want)
    assert concentration(torch.zeros(3, 0)) == concentration(torch.zeros(1, 1)) == (0.0, 0.0)
    assert Concentration(0.4, 0.4).pattern(0.4) is Pattern.ROWS
    assert [part_of(count) for count in (0, 1, 2, 32, 33)] == [0, 0, 1, 1, 2]


def test_the_adaptive_treatment_extracts_rows_of_the_operand_that_is_row_wise_alone() -> None:
    random = torch.Generator().manual_seed(0)
    even, rows = torch.randn(64, 37, generator=random), torch.randn(64, 37, generator=random)
    rows[11] *= 50
    for a, b, want in ((even, even, (0, 0)), (rows, even, (2, 0)), (even, rows, (0, 2)), (rows, rows, (2, 2))):
        plan = TREATMENTS["adaptive"](a, b)
        assert (plan.rows, plan.columns) == want
        assert plan.transform
        assert plan.inner == 0


def test_extraction_by_pattern_takes_rows_or_places_and_transforms_nothing() -> None:
    random = torch.Generator().manual_seed(0)
    even, rows, columns = (torch.randn(64, 37, generator=random) for _ in range(3))
    rows[11] *= 50
    columns[:, 5] *= 50
    plans = {(1, 0): (rows, even), (0, 1): (even, columns), (1, 1): (rows, columns), (0, 0): (even, even)}
    for (of_rows, of_places), (a, b) in plans.items():
        want = Plan(rows=2 * of_rows, inner=2 * of_places, measures=True)
        assert TREATMENTS["by pattern"](a, b) == want


@pytest.mark.parametrize("name", TREATMENTS)
@pytest.mark.parametrize("shape", [(67, 33, 37), (5, 3, 64), (1, 1, 1)])
def test_costs_are_those_counted_one_by_one(name: str, shape: tuple[int, int, int]) -> None:
    rows, columns, inner = shape
    a, b = operands(*shape)
    plan, kept = TREATMENTS[name](a, b), FORMATS["int4_row"]
    spent = cost(plan, rows, columns, inner, kept)
    stored = inner
    while plan.transform and stored % BLOCK:
        stored += 1
    low = high = 0
    for row in range(rows):
        for column in range(columns):
            apart = row < plan.rows or column < plan.columns
            low += 0 if apart else stored
            high += inner if apart else plan.inner
    assert (spent.low, spent.high) == (low, high)
    wide = {("a", i, k) for i in range(rows) for k in range(inner) if plan.columns or i < plan.rows or k < plan.inner}
    wide |= {
        ("b", j, k) for j in range(columns) for k in range(inner) if plan.rows or j < plan.columns or k < plan.inner
    }
    narrow = sum(-(-count * (4 * stored + 32) // 8) for count in (rows - plan.rows, columns - plan.columns))
    assert spent.bytes == narrow + 2 * len(wide) + 4 * (plan.rows + plan.columns + plan.inner)
    elements = (rows - plan.rows + columns - plan.columns) * stored
    additions = elements * {False: 0, True: 5 + plan.signs}[plan.transform]
    assert spent.other == additions + (rows + columns) * inner * plan.measures
