"""One number per worker: what foreign load, drift and single bad slices must not move."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from opbench.gate.rounds import Rounds, heads, quartile_log, tabulated, worker_values
from opbench.gate.slices import Slice, Taken

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_a_burst_over_a_part_of_a_slice_leaves_its_quartile_alone() -> None:
    quiet = [1.0, 1.01, 1.02, 1.03, 1.04]
    assert quartile_log([*quiet[:3], 5.0, 9.0]) == quartile_log(quiet) == math.log(1.01)


@pytest.mark.parametrize("bad", [[], [1.0, float("nan")], [1.0, float("inf")], [1.0, 0.0], [1.0, -1.0]])
def test_what_is_no_time_has_no_quartile(bad: list[float]) -> None:
    assert math.isnan(quartile_log(bad))


def test_what_a_round_has_in_common_is_no_difference_between_workers() -> None:
    workers = np.array([0.0, 0.1, -0.1, 0.2, 2.6])
    drift = np.array([[0.0], [1.0], [5.0]])
    np.testing.assert_allclose(worker_values(workers + drift), workers - np.median(workers), atol=1e-12)


def test_one_bad_slice_of_three_does_not_make_a_worker() -> None:
    logs = np.zeros((3, 4))
    logs[1, 2] = 1.0
    assert np.abs(worker_values(logs)).max() == 0.0


def noise(rounds: int, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(scale=0.01, size=(rounds, 24))


@pytest.mark.parametrize("rounds", [1, 2, 7])
def test_a_slower_side_is_slower_by_exactly_that(rounds: int) -> None:
    head = np.arange(24) % 2 == 1
    same, slower = worker_values(noise(rounds)), worker_values(noise(rounds) + np.log(1.3) * head)
    moved = slower - same
    np.testing.assert_allclose(moved[head].min() - moved[~head].max(), np.log(1.3), atol=0.005)


def test_workers_have_the_same_values_in_any_order() -> None:
    order = np.random.default_rng(2).permutation(24)
    np.testing.assert_allclose(worker_values(noise(7)[:, order]), worker_values(noise(7))[order])


def test_rounds_whose_workers_do_not_agree_count_little() -> None:
    """Workers that are all the same, every third round disturbed: their values lie closer than medians over rounds."""
    disturbed = np.where(np.arange(12) % 3, 1, 20)[:, None]
    logs = [disturbed * noise(12, seed) for seed in range(20)]
    values, medians = [worker_values(one) for one in logs], [np.median(one, axis=0) for one in logs]
    assert np.std(values) < 0.85 * np.std(medians)


def test_slices_are_put_where_their_round_and_worker_say() -> None:
    slices = [
        Slice(worker, round_, 0, 0.0, 1, (math.exp(worker + 10 * round_),), 0.0, 0)
        for round_, worker in [(1, 7), (0, 3), (1, 3), (0, 7)]
    ]
    taken = Taken("it", "screen", {7: "head", 3: "base"}, slices)
    np.testing.assert_allclose(tabulated(taken), [[3, 7], [13, 17]])
    assert heads(taken).tolist() == [False, True]


def test_a_worker_without_a_slice_is_no_number() -> None:
    taken = Taken("it", "screen", {0: "base", 1: "head"}, [Slice(0, 0, 0, 0.0, 1, (1.0,), 0.0, 0)])
    assert np.isnan(tabulated(taken)[0, 1])


def test_rounds_are_joined_and_a_problem_stays() -> None:
    head = np.array([False, True])
    first, later = Rounds(np.zeros((2, 2)), head, problem="throttled"), Rounds(np.ones((3, 2)), head)
    joined = first.followed_by(later)
    assert len(joined) == 5
    assert joined.problem == "throttled"
