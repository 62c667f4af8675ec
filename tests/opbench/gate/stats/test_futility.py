"""Whether more workers can settle it, from the workers there are."""

from __future__ import annotations

import numpy as np
import pytest

from opbench.gate.stats.compare import compare
from opbench.gate.stats.futility import FUTILE, is_futile, pass_probability
from opbench.gate.stats.reduce import Rounds
from opbench.gate.stats.rule import DEFAULT

from ..scripted_workers import sides


def screened(spread: float, slowdown: float = 1.0, slow: int = 0) -> list[Rounds]:
    """Many first screenings of 12 and 12 normal workers, `slow` of them 2.6 times slower."""
    random, screenings = np.random.default_rng(3), []
    for _ in range(15):
        head = sides(DEFAULT.workers)
        values = random.normal(scale=spread, size=len(head)) + np.log(slowdown) * head
        values[:slow] += np.log(2.6)
        screenings.append(Rounds(np.tile(values, (2, 1)), head))
    return screenings


def seen(spread: float, slow: int = 0) -> float:
    return float(np.median([pass_probability(rounds, DEFAULT) for rounds in screened(spread, slow=slow)]))


def given_up(spread: float, slowdown: float = 1.0) -> int:
    return sum(is_futile(rounds, compare(rounds, DEFAULT), DEFAULT) for rounds in screened(spread, slowdown))


@pytest.mark.parametrize(("spread", "least"), [(0.005, 0.99), (0.015, 0.8), (0.03, 0.2)])
def test_a_small_spread_is_settled_by_more_workers(spread: float, least: float) -> None:
    assert seen(spread) >= least


def test_a_large_spread_is_hopeless_more_often_than_not() -> None:
    """Not always: among few workers of the same code some look different by chance."""
    assert seen(0.2) < FUTILE
    assert given_up(0.3) > 5
    assert given_up(0.015) == given_up(0.03) == 0


def test_where_the_sides_may_well_differ_nothing_is_given_up_however_wide_they_are() -> None:
    hopeless = [
        (min(found.p, found.faster_p), is_futile(rounds, found, DEFAULT))
        for slowdown in (1.0, 1.15, 1 / 1.15)
        for rounds in screened(0.2, slowdown)
        if pass_probability(rounds, DEFAULT) < 0.05
        for found in [compare(rounds, DEFAULT)]
    ]
    assert all(futile is (p > 0.05) for p, futile in hopeless)
    assert sum(0.001 < p <= 0.05 for p, _ in hopeless) > 3


@pytest.mark.parametrize("slowdown", [1.5, 1 / 1.5])
def test_a_difference_larger_than_the_spread_is_not(slowdown: float) -> None:
    assert given_up(0.15, slowdown) == 0


def test_a_few_slow_workers_are_put_up_with() -> None:
    assert seen(0.005, slow=2) > 0.5


def test_the_same_rounds_have_the_same_chance() -> None:
    assert seen(0.03) == seen(0.03)
