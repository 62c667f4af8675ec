"""The learning rate over the steps, and settings that are no settings."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

from impls.hadaptive.training.settings import Settings, factor
from opbench.errors import UsageError


def over(steps: int, warm_up: float) -> list[float]:
    return [factor(step, steps, warm_up) for step in range(steps)]


def test_it_rises_in_equal_steps_over_the_first_twentieth_and_then_only_falls() -> None:
    actual = over(200, 0.05)
    assert actual[:10] == pytest.approx([0.1 * step for step in range(1, 11)])
    assert actual[10] == 1
    assert all(later < earlier for earlier, later in pairwise(actual[10:]))
    assert 0 < actual[-1] < 1e-4


def test_the_fall_is_half_a_cosine() -> None:
    actual = over(110, 10 / 110)
    assert actual[10 + 25] == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert actual[10 + 50] == pytest.approx(0.5)


@pytest.mark.parametrize(("steps", "warm_up"), [(1, 0.05), (7, 0.0), (9, 0.05)])
def test_without_a_whole_step_of_warm_up_it_starts_at_the_top(steps: int, warm_up: float) -> None:
    assert over(steps, warm_up)[0] == 1


def test_with_all_but_all_of_it_warm_up_it_stays_within_its_range() -> None:
    assert over(3, 0.999) == pytest.approx([1 / 3, 2 / 3, 1])


def test_the_defaults_are_the_papers() -> None:
    assert Settings() == Settings(epochs=200, batch=64, rate=0.001, decay=0.0001, warm_up=0.05, precision="float32")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"epochs": 0}, "epochs is 0; expected a whole number of at least 1"),
    ({"epochs": True}, "epochs is True"),
    ({"batch": 1}, "batch is 1; expected a whole number of at least 2"),
    ({"batch": 2.0}, r"batch is 2\.0"),
    ({"seed": -1}, "seed is -1; expected a whole number of at least 0"),
    ({"seed": 1 << 32}, r"seed is 4294967296; expected below 2\^32"),
    ({"rate": 0.0}, r"the learning rate is 0\.0; expected above 0"),
    ({"rate": math.nan}, "the learning rate is nan"),
    ({"rate": math.inf}, "the learning rate is inf"),
    ({"decay": -1.0}, r"the weight decay is -1\.0; expected at least 0"),
    ({"warm_up": 1.0}, r"the warm-up is 1\.0 of all steps; expected at least 0 and below 1"),
    (
        {"precision": "float61"},
        r"no precision 'float61' \(did you mean 'float16'\?\); there are: bfloat16, float16, float32",
    ),
]


@pytest.mark.parametrize(("fields", "says"), BAD, ids=[case[1][:30] for case in BAD])
def test_a_value_outside_its_range_is_refused_with_the_range(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Settings(**fields)
