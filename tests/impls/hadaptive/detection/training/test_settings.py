"""The recipe of section A.4: the rate of every step, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from impls.hadaptive.detection.training.settings import LAST_RATE, Settings
from impls.hadaptive.detection.training.sources import source
from opbench.errors import UsageError


def test_coco_is_trained_by_the_papers_recipe_its_rate_scaled_by_the_batch() -> None:
    coco = source("coco")
    assert coco.settings(None, None, None, 0, 320) == Settings(
        epochs=120, batch=64, rate=0.02, momentum=0.9, decay=5e-4, seed=0, size=320
    )
    for batch, rate in ((8, 0.0025), (320, 0.1)):
        assert coco.settings(None, batch, None, 0, 320).rate == pytest.approx(rate)


def test_what_is_asked_for_is_not_scaled() -> None:
    asked = source("made").settings(7, 2, 0.3, 5, 64)
    assert (asked.epochs, asked.batch, asked.rate, asked.seed, asked.size) == (7, 2, 0.3, 5, 64)


def test_it_rises_over_three_epochs_and_then_falls_along_a_cosine_to_the_last() -> None:
    recipe = Settings()
    steps = 120 * 7
    rates = [recipe.rate_at(step, steps) for step in range(steps)]
    rises = [after - before for before, after in pairwise(rates[:21])]
    assert rises == pytest.approx([(0.02 - LAST_RATE) / 21] * 20)
    assert rates[20] == pytest.approx(0.02)
    assert all(before > after for before, after in pairwise(rates[21:]))
    assert rates[21 + (steps - 21) // 2] == pytest.approx((0.02 + LAST_RATE) / 2, rel=0.01)
    assert LAST_RATE < rates[-1] < 1.02 * LAST_RATE


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_training_of_no_more_than_the_warm_up_only_rises(epochs: int) -> None:
    recipe = Settings(epochs=epochs)
    rates = [recipe.rate_at(step, epochs * 5) for step in range(epochs * 5)]
    assert rates == sorted(rates)
    assert LAST_RATE < rates[0] < rates[-1]
    assert rates[-1] == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"batch": 1}, "batch is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"size": 300}, "expected a multiple of 64"),
        ({"rate": 0.0}, "the learning rate is 0.0; expected at least 1e-05"),
        ({"rate": float("nan")}, "the learning rate is nan"),
        ({"rate": float("inf")}, "the learning rate is inf"),
        ({"momentum": 1.0}, "the momentum is 1.0"),
        ({"decay": -1e-4}, "the weight decay is -0.0001"),
    ],
)
def test_a_value_outside_its_range_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Settings(**changed)
