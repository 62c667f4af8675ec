"""The likeliest step of a series, beside the same by dense matrices, and what is asked of one at each limit."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from opbench.history.change_points import least_statistic, passes, without_odd_points
from opbench.history.step_test import StepTest, step_test
from tests.rows import rows


class Fit(NamedTuple):
    likelihood: float
    last: float
    error: float


def fit(values: NDArray[np.float64], p: float, columns: list[NDArray[np.float64]], least: float) -> Fit:
    """Generalised least squares under noise of correlation p; the last coefficient and its standard error."""
    count = len(values)
    covariance = p ** np.abs(np.subtract.outer(np.arange(count), np.arange(count))) / (1 - p**2)
    weights, design = np.linalg.inv(covariance), np.stack(columns, axis=1)
    inverse = np.linalg.inv(design.T @ weights @ design)
    coefficients = inverse @ design.T @ weights @ values
    apart = values - design @ coefficients
    residue = float(apart @ weights @ apart)
    variance = max(residue / (count - 3), least)
    likelihood = -0.5 * ((count - 3) * np.log(variance) + residue / variance + np.linalg.slogdet(covariance)[1])
    return Fit(float(likelihood), float(coefficients[-1]), float(np.sqrt(variance * inverse[-1, -1])))


def by_definition(values: NDArray[np.float64], noise: float) -> StepTest:
    count, least = len(values), max(1e-8, noise)
    level, line = np.ones(count), np.arange(count, dtype=np.float64)
    correlations = [round(0.05 * number, 2) for number in range(15)]
    steps = {
        (at, p): fit(values, p, [level, (line >= at).astype(np.float64)], least)
        for at in range(4, count - 3)
        for p in correlations
    }
    best = {at: max(steps[at, p].likelihood for p in correlations) for at in range(4, count - 3)}
    at = max(best, key=lambda one: best[one])
    p = max(correlations, key=lambda one: steps[at, one].likelihood)
    flat, drift = (
        max(fit(values, p, columns, least).likelihood for p in correlations) for columns in ([level], [level, line])
    )
    near = [one for one in best if 2 * (best[at] - best[one]) <= 3.84]
    return StepTest(
        points=count,
        at=at,
        statistic=max(0.0, 2 * (best[at] - flat)),
        over_drift=2 * (best[at] - drift),
        first=min(near),
        last=max(near),
        size=steps[at, p].last,
        error=steps[at, p].error,
        correlation=p,
    )


def drawn(count: int, seed: int, correlation: float, step: float, at: int) -> NDArray[np.float64]:
    fresh = np.random.default_rng(seed).normal(0, 0.02, count)
    for place in range(1, count):
        fresh[place] += correlation * fresh[place - 1]
    return fresh + step * (np.arange(count) >= at) - 7


@rows(
    "count, seed, correlation, step, at, noise",
    [
        (10, 1, 0.0, 0.1, 5, 0.0),
        (11, 2, 0.0, -0.05, 7, 0.0),
        (13, 3, 0.6, 0.0, 0, 0.0),
        (17, 4, 0.9, 0.05, 4, 0.0),
        (23, 5, 0.3, 0.05, 13, 0.0),
        (31, 6, 0.0, 0.04, 17, 0.03**2),
        (31, 7, 0.0, 0.0, 0, 0.0),
    ],
)
def test_it_is_what_dense_matrices_find(
    count: int, seed: int, correlation: float, step: float, at: int, noise: float
) -> None:
    values = drawn(count, seed, correlation, step, at)
    found, expected = step_test(values, noise), by_definition(values, noise)
    assert found is not None
    for name, value in vars(expected).items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-7, abs=1e-9), name


def test_a_line_is_no_step_and_a_level_is_none_either() -> None:
    line = step_test(np.linspace(0, 1, 31))
    level = step_test(np.zeros(31))
    assert line is not None
    assert level is not None
    assert line.over_drift < 0 < line.statistic
    assert (level.statistic, level.size) == (0, 0)


SURE = StepTest(70, 35, 99.0, 99.0, 35, 35, 0.05, 0.001, 0.0)


@pytest.mark.parametrize(
    ("correlation", "asked"),
    [(0.0, 10.0), (0.2, 10.0), (0.375, 11.4), (0.55, 12.8), (0.7, 12.8)],
)
def test_noise_that_resembles_itself_asks_for_more(correlation: float, asked: float) -> None:
    assert least_statistic(correlation) == pytest.approx(asked)
    seen = replace(SURE, correlation=correlation)
    assert passes(replace(seen, statistic=asked + 0.001))
    assert not passes(replace(seen, statistic=asked - 0.001))
    assert passes(replace(seen, statistic=asked + 5.001), 5.0)
    assert not passes(replace(seen, statistic=asked + 4.999), 5.0)


@pytest.mark.parametrize(
    ("points", "correlation", "asked"),
    [
        (10, 0.0, 0.0),
        (20, 0.0, 0.0),
        (45, 0.0, 3.25),
        (70, 0.0, 6.5),
        (90, 0.4, 6.5),
        (70, 0.45, -3.0),
        (10, 0.7, -3.0),
    ],
)
def test_over_many_points_a_step_has_to_be_likelier_than_a_drift_unless_all_of_it_wanders(
    points: int, correlation: float, asked: float
) -> None:
    seen = replace(SURE, points=points, correlation=correlation)
    assert passes(replace(seen, over_drift=asked + 0.001))
    assert not passes(replace(seen, over_drift=asked - 0.001))


def test_a_point_far_from_its_neighbours_is_drawn_in_to_what_is_usual_among_them() -> None:
    """Neighbours lie 1 from the running median on either side: five standard deviations are 5 x 1.4826."""
    values = np.tile([-1.0, 1.0, 0.0], 7)
    for place, odd in ((9, 1000.0), (10, -1000.0), (1, 1000.0), (19, 1000.0)):
        changed = values.copy()
        changed[place] = odd
        drawn_in = without_odd_points(changed)
        others = np.arange(21) != place
        assert drawn_in[others] == pytest.approx(changed[others])
        assert 5 * 1.4826 - 1 <= abs(drawn_in[place]) <= 5 * 1.4826 + 1
    assert without_odd_points(values) == pytest.approx(values)


@pytest.mark.parametrize("count", [0, 1, 6])
def test_of_few_points_none_is_odd(count: int) -> None:
    values = np.exp(np.arange(count, dtype=np.float64))
    assert without_odd_points(values) == pytest.approx(values)


def test_where_all_but_one_are_alike_that_one_stays() -> None:
    values = np.zeros(21)
    values[5] = 1000.0
    assert without_odd_points(values) == pytest.approx(values)
