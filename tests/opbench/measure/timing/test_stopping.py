"""Three reasons to stop, each reached only on its own grounds."""

from __future__ import annotations

import numpy as np

from opbench.measure.timing.stopping import BUDGET, SETTLED, TARGET, Precision


def run(rule: Precision, samples: list[float], sample_s: float = 1e-3) -> tuple[str | None, int]:
    """Feed samples one by one until the rule stops: (reason, count)."""
    for count in range(1, len(samples) + 1):
        if reason := rule.reason(samples[:count], count * sample_s):
            return reason, count
    return None, len(samples)


def noisy(spread: float, count: int = 5000) -> list[float]:
    return [float(one) for one in np.random.default_rng(1).lognormal(sigma=spread, size=count)]


def test_quiet_samples_meet_the_target_at_the_minimum() -> None:
    assert run(Precision(minimum=15), [1.0] * 100) == (TARGET, 15)


def test_the_reported_target_is_really_met() -> None:
    from opbench.vocabulary.interval import median_interval

    samples = noisy(0.05)
    reason, count = run(Precision(target=0.02, budget_s=10), samples)
    assert reason == TARGET
    assert median_interval(samples[:count]).relative_width <= 0.02


def test_noise_that_the_budget_cannot_average_away_stops_early_as_settled() -> None:
    reason, count = run(Precision(target=0.001, budget_s=3.0), noisy(0.3))
    assert reason == SETTLED
    assert 1500 <= count < 2500  # samples of 1 ms: more than half the budget, not all of it


def test_noise_within_reach_of_the_budget_is_sampled_on() -> None:
    assert run(Precision(target=0.02, budget_s=5.0), noisy(0.1))[0] == TARGET


def test_the_budget_ends_noise_that_had_no_time_to_settle() -> None:
    assert run(Precision(target=0.001, budget_s=0.5, minimum=500), noisy(0.3)) == (BUDGET, 500)


def test_a_launch_too_slow_for_the_minimum_still_ends() -> None:
    assert run(Precision(budget_s=1.0, minimum=15), [1.0] * 100, sample_s=1.0) == (BUDGET, 6)


def test_a_target_that_was_met_by_luck_is_taken_back() -> None:
    rule = Precision(target=0.02, budget_s=100.0)
    quiet, wild = [1.0] * 15, [3 * one for one in noisy(0.5, 60)]
    assert rule.reason(quiet, 0.015) == TARGET
    assert rule.reason(quiet + wild, 0.075, last=True) is None
