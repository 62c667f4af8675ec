"""Steps are found where they are, and noise, drift, odd points and wandering are no steps."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.history.synthetic import drawn, series
from opbench.history.change_points import change_points
from opbench.history.step_test import LEAST, step_test


def places(values: np.ndarray, noise: float = 0.0) -> list[int]:
    return [point.at for point in change_points(values, noise)]


def quiet(count: int) -> np.ndarray:
    """Without chance: values that differ by 0.5 % and less."""
    return np.asarray(1 + 0.005 * np.sin(7.3 * np.arange(count) ** 1.1))


@pytest.mark.parametrize("ratio", [0.8, 0.95, 1.05, 2.0])
def test_a_step_is_found_with_its_place_and_size(ratio: float) -> None:
    values = quiet(61)
    values[37:] *= ratio
    (point,) = change_points(values)
    assert point.first <= 37 <= point.last
    assert abs(point.at - 37) <= 1
    assert point.ratio.low < ratio < point.ratio.high
    assert abs(point.ratio.mid / ratio - 1) < 0.01


def test_what_goes_up_and_comes_back_is_two_steps_and_a_staircase_has_all_of_its() -> None:
    values = quiet(90)
    values[41:53] *= 1.1
    assert places(values) == [41, 53]
    stairs = quiet(97) * np.repeat([1.0, 1.2, 1.1, 1.5], [23, 31, 19, 24])
    assert places(stairs) == [23, 54, 73]


def test_ten_slow_commits_that_were_mended_are_two_steps_in_noise_too() -> None:
    found = 0
    for seed in range(20):
        values = series("white", seed)
        values[41:51] *= 1.08
        at = places(values)
        found += all(any(abs(one - end) <= 2 for one in at) for end in (41, 51))
    assert found >= 19


@pytest.mark.parametrize("count", [0, 1, 2, 2 * LEAST + 1])
def test_too_few_points_have_no_step(count: int) -> None:
    assert places(np.array([1.0, 9.0] * 9)[:count]) == []
    assert step_test(np.zeros(count)) is None


def test_equal_values_have_no_step_and_one_step_among_them_is_found() -> None:
    values = np.full(31, 1e-6)
    assert places(values) == []
    values[17:] = 1.01e-6
    assert places(values) == [17]


def test_a_point_more_or_less_is_no_step() -> None:
    values = quiet(43)
    values[[11, 12, 30]] *= 3
    assert places(values) == []


def test_a_drift_is_no_step() -> None:
    for end in (0.7, 1.1, 1.3, 3.0):
        assert places(quiet(90) * np.geomspace(1, end, 90)) == [], end


@pytest.mark.parametrize("kind", ["white", "correlated 0.7", "two modes", "drifting", "odd points"])
def test_of_noise_alone_one_series_in_ten_has_a_step_at_most(kind: str) -> None:
    assert sum(bool(places(series(kind, seed))) for seed in range(60)) <= 6


@pytest.mark.parametrize(
    ("kind", "least"), [("white", 59), ("two modes", 58), ("correlated 0.7", 51), ("odd points", 54)]
)
def test_a_step_of_5_percent_is_found_in_noise_of_2(kind: str, least: int) -> None:
    found = [any(abs(at - 50) <= 10 for at in places(series(kind, seed, 0.05, 50))) for seed in range(60)]
    assert sum(found) >= least


def test_the_place_and_the_size_of_a_step_lie_in_their_intervals_in_nineteen_of_twenty_series() -> None:
    told = [series("white", seed, 0.05, 50) for seed in range(200)]
    tests = [test for values in told if (test := step_test(np.log(values))) is not None]
    places_held = sum(test.first <= 50 <= test.last for test in tests)
    assert 0.9 <= places_held / len(tests) <= 0.985
    alone = [points[0].ratio for values in told if len(points := change_points(values)) == 1]
    assert len(alone) > 180
    assert 0.9 <= sum(ratio.low <= 1.05 <= ratio.high for ratio in alone) / len(alone) <= 0.985


def test_of_few_points_less_is_asked_because_over_them_a_step_looks_like_a_drift() -> None:
    found = 0
    for seed in range(60):
        values = series("white", seed)[:30]
        values[20:] *= 1.05
        found += bool(places(values))
    assert found >= 50


def test_in_noise_that_wanders_nine_steps_in_ten_are_found_though_it_looks_like_a_drift() -> None:
    told = [places(series("correlated 0.7", seed, 0.05, 50)) for seed in range(150)]
    assert sum(any(abs(at - 50) <= 10 for at in found) for found in told) >= 135


@pytest.mark.parametrize("at", [1, 2, 29, 30])
def test_a_point_or_two_at_an_end_are_no_step_and_on_either_side_of_one_are_four(at: int) -> None:
    values = quiet(31)
    values[at:] *= 1.05
    test = step_test(np.log(values))
    assert test is not None
    assert 4 <= test.first <= test.at <= test.last <= 27
    assert places(values) == []


def test_what_no_clock_tells_apart_is_no_step() -> None:
    """A hundred-thousandth, in a series without any noise; a thousandth is one."""
    for by, found in ((1e-5, []), (3e-5, []), (1e-3, [17])):
        values = np.full(31, 1e-6)
        values[17:] *= 1 + by
        assert places(values) == found


def test_a_series_that_is_quieter_than_its_processes_is_judged_by_them() -> None:
    values = quiet(61)
    values[37:] *= 1.05
    assert places(values, noise=0.01**2) == [37]
    assert places(values, noise=0.05**2) == []


@pytest.mark.parametrize("kind", ["2 processes", "5 processes"])
def test_to_know_how_processes_differ_hides_no_step_of_white_noise(kind: str) -> None:
    told = [drawn(kind, seed, 0.03, 50) for seed in range(40)]
    alone, with_noise = (
        sum(any(abs(at - 50) <= 10 for at in places(values, noise * known)) for values, noise in told)
        for known in (0.0, 1.0)
    )
    assert with_noise >= alone - 2 > 25


def test_the_size_of_the_unit_does_not_matter() -> None:
    values = series("correlated 0.7", 3, 0.1, 40)
    assert places(values) == places(1e6 * values)


@pytest.mark.parametrize(("odd", "named"), [(0.0, "0."), (-1.0, "-1."), (np.nan, "nan"), (np.inf, "inf")])
def test_what_is_no_latency_is_refused_and_named(odd: float, named: str) -> None:
    with pytest.raises(ValueError, match=rf"positive and finite, got \[{named}\]$"):
        change_points(np.array([1.0, odd, 2.0]))
