"""The stopping rule exactly at its limits, with the width of the interval written down instead of drawn."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from opbench.measure.timing import stopping
from opbench.measure.timing.stopping import BUDGET, FEWEST, SETTLED, TARGET, WINDOW, Precision

LOOK = 20
"""Samples whose next look is at 22."""


@dataclass
class Width:
    """Stands for the interval; remembers how many samples it was asked for."""

    relative_width: float
    asked: list[int]


@pytest.fixture
def width(monkeypatch: pytest.MonkeyPatch) -> Width:
    found = Width(1.0, [])

    def interval(samples: list[float]) -> Width:
        found.asked.append(len(samples))
        return found

    monkeypatch.setattr(stopping, "median_interval", interval)
    return found


def reason(rule: Precision, count: int, spent_s: float, *, last: bool = False) -> str | None:
    return rule.reason([1.0] * count, spent_s, last=last)


def test_a_width_of_exactly_the_target_is_narrow_enough(width: Width) -> None:
    """2 %, where nobody asked for another."""
    width.relative_width = 0.02
    assert reason(Precision(), 15, 0.0) == TARGET
    width.relative_width = 0.0200001
    assert reason(Precision(), 15, 0.0) is None


def test_a_narrow_interval_counts_though_the_budget_is_spent(width: Width) -> None:
    width.relative_width = 0.01
    assert reason(Precision(budget_s=0.5), 15, 0.5) == TARGET


@pytest.mark.parametrize(("spent_s", "said"), [(0.5, BUDGET), (0.4999, None), (0.6, BUDGET)])
def test_the_budget_is_spent_once_it_is_reached(width: Width, spent_s: float, said: str | None) -> None:
    assert reason(Precision(budget_s=0.5), 15, spent_s) == said


@pytest.mark.parametrize(
    ("count", "spent_s", "said"),
    [
        (FEWEST, 1.0, BUDGET),
        (FEWEST - 1, 1.0, None),
        (FEWEST - 1, 99.0, None),
        (FEWEST, 0.999, None),
        (14, 1.0, BUDGET),
        (14, 0.999, None),
        (0, 0.0, None),
    ],
)
def test_below_the_minimum_twice_the_budget_and_the_fewest_samples_end_it(
    width: Width, count: int, spent_s: float, said: str | None
) -> None:
    assert reason(Precision(budget_s=0.5), count, spent_s) == said
    assert width.asked == [], "too few to look at"


def test_the_minimum_is_looked_at(width: Width) -> None:
    assert reason(Precision(), 15, 0.0) is None
    assert width.asked == [15]


def test_it_is_looked_at_when_there_are_a_tenth_more(width: Width) -> None:
    rule = Precision()
    for count in range(15, 60):
        reason(rule, count, 0.0)
    assert width.asked == [15, 16, 17, 18, 19, 20, 22, 24, 26, 28, 30, 33, 36, 39, 42, 46, 50, 55]


def test_between_looks_the_last_answer_stands_and_the_last_question_is_a_look(width: Width) -> None:
    rule = Precision()
    width.relative_width = 0.01
    assert reason(rule, 30, 0.0) == TARGET
    width.relative_width = 1.0
    assert reason(rule, 31, 0.0) == TARGET
    assert reason(rule, 31, 0.0, last=True) is None
    assert reason(rule, 33, 0.0) is None
    width.relative_width = 0.01
    assert reason(rule, 34, 0.0) == TARGET, "a look moves the next one on"


COUNT = 10_000


def test_nobody_asks_for_a_look_unless_it_is_said(width: Width) -> None:
    rule = Precision()
    for count in (LOOK, LOOK + 1):
        assert rule.reason([1.0] * count, 0.0) is None
    assert width.asked == [LOOK]


def looked(
    width: Width, noises: list[float], spent_s: float, target: float = 0.02, budget_s: float = 0.5
) -> str | None:
    """What is said after looks at so much noise each, with the counts so large that a tenth more is a look."""
    rule, said, count = Precision(target=target, budget_s=budget_s), None, 400
    for noise in noises:
        width.relative_width = noise / count**0.5
        said = reason(rule, count, spent_s)
        count = count * 6 // 5
    return said


FLAT = [4.0] * WINDOW
"""A relative width of 0.2 at 400 samples: 40,000 would be needed for 0.02."""


def test_noise_that_keeps_its_level_and_cannot_reach_the_target_in_time_has_settled(width: Width) -> None:
    assert looked(width, FLAT, 0.25) == SETTLED


@pytest.mark.parametrize("spent_s", [0.0, 0.1, 0.2499])
def test_half_of_the_budget_is_spent_whatever_the_noise(width: Width, spent_s: float) -> None:
    assert looked(width, FLAT, spent_s) is None


def test_so_many_looks_have_to_agree(width: Width) -> None:
    assert looked(width, FLAT[1:], 0.25) is None
    assert looked(width, [9.0, *FLAT[1:]], 0.25) is None
    assert looked(width, [9.0, *FLAT], 0.25) == SETTLED, "what was before the last few is forgotten"


@pytest.mark.parametrize(("above", "said"), [(0.09, SETTLED), (0.11, None)])
def test_looks_agree_within_a_tenth(width: Width, above: float, said: str | None) -> None:
    assert looked(width, [4.0, 4.0, 4.0 * (1 + above), 4.0, 4.0], 0.25) == said


@pytest.mark.parametrize(("target", "said"), [(0.16, None), (0.15, SETTLED)])
def test_a_target_within_the_budget_is_waited_for(width: Width, target: float, said: str | None) -> None:
    """829 samples in 0.25 s, so that 1,658 fit the budget: noise of 6.3 reaches 0.1547 there."""
    assert looked(width, [6.3] * WINDOW, 0.25, target=target) == said


@pytest.mark.parametrize(("noises", "said"), [((6.3, 6.0), None), ((6.0, 6.3), SETTLED)])
def test_the_last_level_of_the_noise_says_how_many_samples_are_needed(
    width: Width, noises: tuple[float, float], said: str | None
) -> None:
    before, last = noises
    assert looked(width, [*[before] * (WINDOW - 1), last], 0.25, target=0.15) == said
