"""The paper's cost models against its ratios, derived by hand, and against themselves."""

from __future__ import annotations

from fractions import Fraction

import pytest

from reports.models.cost_models import ach, ghost, paper_macs, pointwise

from ..builders import record


@pytest.mark.parametrize(("m", "n"), [(16, 71), (64, 274), (5, 15)])
def test_ach_costs_m_over_n_plus_1_over_m_minus_1_over_n_of_pointwise(m: int, n: int) -> None:
    assert Fraction(ach(m, n), pointwise(m, n)) == Fraction(m, n) + Fraction(1, m) - Fraction(1, n)


@pytest.mark.parametrize(("m", "n"), [(16, 64), (16, 71)])
def test_ghost_costs_s_over_n_plus_the_cheap_kernels_share_of_pointwise(m: int, n: int) -> None:
    s = (n + 1) // 2
    assert Fraction(ghost(m, n), pointwise(m, n)) == Fraction(s, n) + Fraction((n - s) * 9, n * m)


def test_a_case_costs_every_pixel_of_every_image() -> None:
    found = record(operator="ach", batch=2, channels=4, edge=3, sizes={"out_channels": 10})
    assert paper_macs(found) == 2 * 9 * (4 * 4 + 6)


def test_an_operator_the_paper_does_not_model_has_no_cost() -> None:
    assert paper_macs(record(channels=4, edge=3, sizes={"out_channels": 10})) is None
    assert paper_macs(record(operator="ach", channels=4, edge=3)) is None
