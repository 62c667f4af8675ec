"""How far off predictions were, and what it would have cost to choose by them: counted by hand."""

from __future__ import annotations

import pytest

from opbench.ceilings.prediction import Prediction
from opbench.ceilings.prediction_error import choice, prediction_errors
from opbench.vocabulary.case import Axes, Point
from opbench.vocabulary.limit import Limit

LIMIT = Limit("L1", 1.0, 0.0, 0.0, 0.0, 1.0, 1.0)


def predicted(backend: str, expected_s: float | None, measured_s: float | None, n: int = 7) -> Prediction:
    return Prediction(Point("fill", Axes({"kib": n})), backend, LIMIT, expected_s, measured_s)


def test_errors_are_factors_whichever_side_they_are_off_to() -> None:
    error = prediction_errors([predicted("a", 4.0, 1.0), predicted("a", 1.0, 4.0)])["a"]
    assert (error.typical, error.worst, error.bias, error.cases) == (4.0, 4.0, 1.0, 2)


def test_quartiles_are_of_expected_over_measured() -> None:
    found = [predicted("a", ratio, 1.0) for ratio in (0.5, 1.0, 1.1, 2.0, 7.0)]
    assert prediction_errors(found)["a"].quartiles == (1.0, 1.1, 2.0)
    assert prediction_errors([predicted("a", 3.0, 2.0)])["a"].quartiles == (1.5, 1.5, 1.5)


def test_every_backend_has_its_own_and_all_have_one_together_of_what_was_measured() -> None:
    found = [predicted("a", 2.0, 1.0), predicted("b", 8.0, 1.0), predicted("b", None, 1.0), predicted("c", 1.0, None)]
    errors = prediction_errors(found)
    assert {name: error.cases for name, error in errors.items()} == {"a": 1, "b": 1, "": 2}
    assert [errors[name].typical for name in ("a", "b", "")] == pytest.approx([2.0, 8.0, 4.0])
    assert prediction_errors([]) == {}


def test_beside_it_stands_how_far_off_the_other_machines_own_latency_would_have_been() -> None:
    point = Point("fill", Axes({"kib": 7}))
    found = [Prediction(point, "a", LIMIT, 1.0, 1.0, unscaled) for unscaled in (8.0, 1 / 2)]
    assert prediction_errors(found)["a"].unscaled == pytest.approx(4.0)
    assert prediction_errors([predicted("a", 1.0, 1.0)])["a"].unscaled is None


def test_choosing_costs_what_the_chosen_takes_over_the_fastest() -> None:
    """At 7 the fastest is expected to be; at 13 the slower by four is, at 29 there is nothing to choose."""
    found = [predicted("a", 1.0, 2.0, 7), predicted("b", 3.0, 3.0, 7), predicted("a", 5.0, 1.0, 13)]
    found += [predicted("b", 2.0, 4.0, 13), predicted("a", 1.0, 9.0, 29), predicted("b", None, 1.0, 29)]
    told = choice(found)
    assert told is not None
    assert (told.points, told.right) == (2, 1)
    assert told.cost == pytest.approx(2.0)
    assert choice(found[-2:]) is None
