"""One number per worker: what foreign load, drift and single bad slices must not move."""

from __future__ import annotations

import math

import numpy as np
import pytest

from opbench.gate.rounds import Rounds, heads, quartile_log, tabulated, worker_values
from opbench.gate.slices import Slice, Taken


def test_a_burst_over_a_part_of_a_slice_leaves_its_quartile_alone() -> None:
    quiet = [1.0, 1.01, 1.02, 1.03, 1.04]
    assert quartile_log([*quiet[:3], 5.0, 9.0]) == quartile_log(quiet) == math.log(1.01)


@pytest.mark.parametrize("bad", [[], [1.0, float("nan")], [1.0, float("inf")], [1.0, 0.0], [1.0, -1.0]])
def test_what_is_no_time_has_no_quartile(bad: list[float]) -> None:
    assert math.isnan(quartile_log(bad))


def test_what_a_round_has_in_common_is_no_difference_between_workers() -> None:
    workers = np.array([0.0, 0.1, -0.1, 0.2])
    drift = np.array([[0.0], [1.0], [5.0]])
    np.testing.assert_allclose(worker_values(workers + drift), workers - workers.mean())


def test_one_bad_slice_of_three_does_not_make_a_worker() -> None:
    logs = np.zeros((3, 4))
    logs[1, 2] = 1.0
    assert np.abs(worker_values(logs)).max() == 0.0


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
