"""The other tools' rules do what their descriptions say, on data where that is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from .rivals import (
    RIVALS,
    Asv,
    Benchstat,
    Criterion,
    NvbenchCompare,
    PytestBenchmark,
    Rival,
    Samples,
    _resamples,
)


def normal(seed: int, mean: float, count: int, noise: float = 0.01) -> Samples:
    return 1e-3 * (mean + noise * np.random.default_rng(seed).standard_normal(count))


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_every_rule_sees_a_large_slowdown_and_none_where_head_is_faster_or_the_same(rival: Rival) -> None:
    base = normal(1, 1, 200)
    assert rival.regression(base, normal(2, 1.5, 200))
    assert not rival.regression(normal(2, 1.5, 200), base)
    assert not rival.regression(base, base)


def test_names_are_distinct() -> None:
    assert len({rival.name for rival in RIVALS}) == len(RIVALS)


@pytest.mark.parametrize("statistic", ["median", "min"])
def test_pytest_benchmark_fails_above_the_percentage_not_at_it(statistic: str) -> None:
    rule = PytestBenchmark("median" if statistic == "median" else "min", 25)
    base = np.array([1.0, 2.0, 4.0])
    assert not rule.regression(base, 1.25 * base)
    assert rule.regression(base, 1.26 * base)


def test_the_minimum_and_the_median_see_different_things() -> None:
    base, head = np.array([1.0, 1.0, 1.0]), np.array([1.0, 1.2, 1.2])
    assert PytestBenchmark("median", 5).regression(base, head)
    assert not PytestBenchmark("min", 5).regression(base, head)


def test_asv_needs_the_factor_and_the_statistics() -> None:
    base = normal(1, 1, 60)
    assert not Asv().regression(base, 1.09 * base)
    assert Asv().regression(base, 1.11 * base)
    assert not Asv().regression(normal(1, 1, 8, noise=0.2), normal(2, 1.15, 8, noise=0.2))


def test_asv_with_six_samples_or_fewer_a_side_reports_nothing() -> None:
    for count in (4, 5, 6):
        assert not Asv().regression(np.linspace(1, 1.1, count), np.linspace(2, 2.1, count))
    assert Asv().regression(np.linspace(1, 1.1, 7), np.linspace(2, 2.1, 7))


def test_criterion_lets_changes_within_its_noise_threshold_pass_however_sure() -> None:
    base = normal(1, 1, 2000, noise=0.001)
    assert not Criterion().regression(base, 1.009 * base)
    assert Criterion().regression(base, 1.012 * base)


def test_criterion_on_independent_samples_of_the_same_code_is_wrong_in_no_more_than_its_level() -> None:
    wrong = [Criterion(noise=0.0).regression(normal(2 * i, 1, 50), normal(2 * i + 1, 1, 50)) for i in range(400)]
    assert 0.005 < np.mean(wrong) < 0.05


def test_resamples_are_as_large_as_the_run_and_the_same_each_time() -> None:
    counts = _resamples(30, 20, 0)
    assert (counts.sum(axis=1) == 20).all()
    assert counts.mean() == pytest.approx(20 / 30)
    assert counts.std() == pytest.approx(math.sqrt(20 * (1 / 30) * (29 / 30)), rel=0.02)
    assert counts is _resamples(30, 20, 0)


def test_benchstat_compares_ten_means_of_a_tenth_each() -> None:
    base, head = normal(1, 1, 100), normal(2, 1.004, 100)
    tenths = [one.reshape(10, 10).mean(axis=1) for one in (base, head)]
    p = float(mannwhitneyu(tenths[0], tenths[1], method="exact").pvalue)
    assert Benchstat(alpha=1.001 * p).regression(base, head)
    assert not Benchstat(alpha=0.999 * p).regression(base, head)


def test_benchstat_reports_a_change_of_any_size() -> None:
    base = normal(1, 1, 100, noise=1e-6)
    assert Benchstat().regression(base, 1.0001 * base)


@pytest.mark.parametrize("noisy", [lambda base, head: (base, head), lambda base, head: (head, base)])
def test_nvbench_holds_the_change_of_the_mean_against_the_smaller_noise(
    noisy: Callable[[Samples, Samples], tuple[Samples, Samples]],
) -> None:
    quiet, loud = np.array([0.99, 1.01]), np.array([0.9, 1.1])
    base, head = noisy(quiet, loud)
    assert not NvbenchCompare().regression(base, 1.014 * head)
    assert NvbenchCompare().regression(base, 1.015 * head)
