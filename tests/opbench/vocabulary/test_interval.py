"""The interval of the median: exact, honest in coverage, and a ratio that knows its uncertainty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betainc

from opbench.vocabulary.interval import CONFIDENCE, Interval, geometric_mean, median_interval

from ...drawing import given
from ...drawing import strategies as st

positive = st.floats(1e-9, 1e3)


def test_it_equals_the_bootstrap_it_replaces() -> None:
    random = np.random.default_rng(0)
    samples = random.lognormal(size=101)
    medians = np.median(random.choice(samples, (20_000, 101)), axis=1)
    low, high = np.quantile(medians, [0.025, 0.975], method="inverted_cdf")
    found = median_interval(samples.tolist())
    ordered = np.sort(samples).tolist()
    assert abs(ordered.index(found.low) - ordered.index(low)) <= 1
    assert abs(ordered.index(found.high) - ordered.index(high)) <= 1


@pytest.mark.parametrize("count", [15, 16, 60, 301])
def test_it_covers_the_true_median_in_about_95_of_100_repeats(count: int) -> None:
    random = np.random.default_rng(count)
    covered = [
        found.low <= 1.0 <= found.high
        for found in (median_interval(random.lognormal(size=count).tolist()) for _ in range(1000))
    ]
    assert 0.925 <= np.mean(covered) <= 0.99


@given(st.lists(positive, min_size=1, max_size=60))
def test_the_ends_are_samples_and_enclose_the_median(samples: list[float]) -> None:
    found = median_interval(samples)
    assert found.low in samples
    assert found.high in samples
    assert found.low <= found.mid <= found.high


def test_order_does_not_matter_and_scale_carries_through() -> None:
    samples = [3.0, 1.0, 2.0, 5.0, 4.0] * 5
    found, doubled = median_interval(samples), median_interval([2 * one for one in reversed(samples)])
    assert (doubled.low, doubled.mid, doubled.high) == (2 * found.low, 2 * found.mid, 2 * found.high)


def test_no_samples_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        median_interval([])


def test_a_ratio_and_its_reciprocal_agree() -> None:
    one, other = Interval(0.9, 1.0, 1.2), Interval(1.9, 2.0, 2.1)
    ratio, back = one.over(other), other.over(one)
    assert (1 / back.high, 1 / back.mid, 1 / back.low) == pytest.approx((ratio.low, ratio.mid, ratio.high))


def test_intervals_that_share_a_point_overlap() -> None:
    assert Interval(1, 2, 3).overlaps(Interval(3, 4, 5))
    assert not Interval(1, 2, 3).overlaps(Interval(3.1, 4, 5))


def test_the_geometric_mean_treats_faster_and_slower_alike() -> None:
    assert geometric_mean([2.0, 0.5]) == pytest.approx(1.0)


def test_ranks_are_those_of_the_incomplete_beta_function() -> None:
    tail = (1 - CONFIDENCE) / 2
    for count in [*range(1, 300), 997, 10_007, 200_003]:
        middle = (count + 1) // 2
        at_most = betainc(middle, count - middle + 1, np.arange(1, count + 1) / count)
        low = int(np.searchsorted(at_most, tail))
        found = median_interval(list(range(count)))
        assert (found.low, found.high) == (low, count - 1 - low), count
