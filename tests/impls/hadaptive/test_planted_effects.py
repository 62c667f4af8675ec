"""Ablations whose truth is known: what is planted lies within the interval as often as 95 % says, and nothing is none.

A variant is called one thing in each row by itself: among seven rows without an effect, one in three tables has a row
that calls one.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from impls.hadaptive.ablation.comparison import Row, Trained, rows
from impls.hadaptive.ablation.components import COMPONENTS

TABLES = 500
CHANCE = 0.04
"""Four standard errors of a share of 95 % among so many tables."""


def table(effect: float, seeds: int, draw: random.Random) -> Row:
    """Seeds differ by 5 points, trainings of one seed by one: what a part costs is told by pairs."""
    trained = []
    for seed in range(seeds):
        easy = draw.gauss(0.8, 0.05)
        trained.append(Trained("full", seed, easy + draw.gauss(0, 0.01)))
        trained.append(Trained("bn", seed, easy + effect + draw.gauss(0, 0.01)))
    draw.shuffle(trained)  # they end in any order
    return rows(trained, ("bn",), COMPONENTS)[0]


@pytest.mark.parametrize(("effect", "seeds"), [(-0.03, 2), (0.05, 3), (0.0, 7)])
def test_the_interval_has_the_planted_effect_as_often_as_it_says(effect: float, seeds: int) -> None:
    draw = random.Random(f"{effect}/{seeds}")
    inside = 0
    for _ in range(TABLES):
        change = table(effect, seeds, draw).change
        assert change is not None
        inside += change.low <= effect <= change.high
    assert abs(inside / TABLES - 0.95) < CHANCE


@pytest.mark.parametrize("seeds", [3, 7])
def test_no_effect_is_called_none_as_often_as_the_interval_says(seeds: int) -> None:
    draw = random.Random(seeds)
    called = Counter(table(0.0, seeds, draw).verdict.partition(":")[0] for _ in range(TABLES))
    assert abs(called["undecided"] / TABLES - 0.95) < CHANCE


@pytest.mark.parametrize(("effect", "verdict"), [(-0.05, "holds"), (0.05, "does not hold")])
def test_a_large_effect_is_called_by_its_sign_and_never_by_the_other(effect: float, verdict: str) -> None:
    """Five points are 3.5 standard deviations of a difference: with seven seeds nothing hides it."""
    draw = random.Random(verdict)
    called = Counter(table(effect, 7, draw).verdict.partition(":")[0] for _ in range(TABLES // 5))
    assert called == {verdict: TABLES // 5}
