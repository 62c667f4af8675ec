"""The three temperature curves: the paper's formulas at e / E, from 4 towards a tenth."""

from __future__ import annotations

from itertools import pairwise

import pytest

from impls.hadaptive.search.annealing import SCHEDULES, temperature
from opbench.errors import UsageError


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("epochs", [2, 7, 250])
def test_every_schedule_falls_from_4_and_would_reach_a_tenth_one_epoch_after_the_last(
    schedule: str, epochs: int
) -> None:
    actual = [temperature(schedule, epoch, epochs) for epoch in range(epochs)]
    assert actual[0] == 4.0
    assert SCHEDULES[schedule](1.0) == pytest.approx(0.1)
    assert all(before > after for before, after in pairwise([*actual, 0.1]))


@pytest.mark.parametrize(
    ("schedule", "quarter", "half"),
    [("linear", 3.025, 2.05), ("exponential", 1.590541, 0.632456), ("cosine", 3.428858, 2.05)],
)
def test_between_the_ends_stand_the_papers_formulas_at_e_over_e(schedule: str, quarter: float, half: float) -> None:
    assert temperature(schedule, 2, 8) == pytest.approx(quarter, abs=1e-6)
    assert temperature(schedule, 4, 8) == pytest.approx(half, abs=1e-6)


def test_a_single_epoch_is_hot() -> None:
    assert {temperature(schedule, 0, 1) for schedule in SCHEDULES} == {4.0}


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"no annealing schedule 'linaer' \(did you mean 'linear'\?\); there are: cosine"
    ):
        temperature("linaer", 0, 3)
    for epoch in (-1, 3):
        with pytest.raises(UsageError, match=f"epoch {epoch} of 3; expected 0 to 2"):
            temperature("linear", epoch, 3)
