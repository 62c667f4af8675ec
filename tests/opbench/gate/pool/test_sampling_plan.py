"""Samples and slices from what a call takes: long enough to be timed, enough of them, the same for all workers."""

from __future__ import annotations

import pytest

from opbench.gate.pool.sampling_plan import LONG_SLICE_S, SAMPLE_S, SLICE_S, SamplingPlan, plan_samples


def alike(seconds: float, whole_s: float | None = None, workers: int = 3) -> SamplingPlan:
    return plan_samples([{"seconds": seconds, "whole_s": whole_s}] * workers)


@pytest.mark.parametrize("seconds", [1e-8, 3e-7, 1.7e-5, 4.9e-5])
def test_short_calls_are_grouped_until_a_sample_can_be_timed(seconds: float) -> None:
    plan = alike(seconds)
    assert plan.calls * seconds >= SAMPLE_S
    assert (plan.calls - 1) * seconds < SAMPLE_S


@pytest.mark.parametrize("seconds", [5.1e-5, 3e-4, 1.9e-3])
def test_a_slice_lasts_as_long_as_it_should(seconds: float) -> None:
    plan = alike(seconds)
    assert plan.calls == 1
    assert plan.samples * seconds == pytest.approx(SLICE_S, abs=seconds)


@pytest.mark.parametrize(("seconds", "samples"), [(2.5e-3, 4), (3.9e-3, 4), (5e-3, 3), (7e-3, 2), (0.1, 1)])
def test_of_slow_calls_there_are_four_or_as_many_as_a_long_slice_holds(seconds: float, samples: int) -> None:
    assert alike(seconds).samples == samples
    assert samples == 1 or samples * seconds <= LONG_SLICE_S


def test_one_slow_start_changes_nothing_for_the_others() -> None:
    warm_ups = [{"seconds": seconds, "whole_s": None} for seconds in (1e-4, 1e-4, 9e-2)]
    assert plan_samples(warm_ups) == alike(1e-4)


def test_with_a_setup_each_sample_is_one_call_and_the_setups_are_in_the_budget() -> None:
    assert alike(1e-6, whole_s=5e-3) == SamplingPlan(1, 10)
    assert alike(1e-6, whole_s=10.0) == SamplingPlan(1, 1)
