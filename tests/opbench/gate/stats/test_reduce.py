"""One number per worker: what foreign load, drift and single bad slices must not move."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from opbench.gate.pool.schedule import Schedule
from opbench.gate.samples import SIDES, Side, Slice, StageSamples
from opbench.gate.stats.rank_test import Differences
from opbench.gate.stats.reduce import Rounds, head_mask, quartile_log, to_table, turn_order, worker_effects

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
    np.testing.assert_allclose(worker_effects(workers + drift), workers - np.median(workers), atol=1e-12)


def test_one_bad_slice_of_three_does_not_make_a_worker() -> None:
    logs = np.zeros((3, 4))
    logs[1, 2] = 1.0
    assert np.abs(worker_effects(logs)).max() == 0.0


def noise(rounds: int, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(scale=0.01, size=(rounds, 24))


@pytest.mark.parametrize("rounds", [1, 2, 7])
def test_a_slower_side_is_slower_by_exactly_that(rounds: int) -> None:
    head = np.arange(24) % 2 == 1
    same, slower = worker_effects(noise(rounds)), worker_effects(noise(rounds) + np.log(1.3) * head)
    moved = slower - same
    np.testing.assert_allclose(moved[head].min() - moved[~head].max(), np.log(1.3), atol=0.005)


def test_workers_have_the_same_values_in_any_order() -> None:
    order = np.random.default_rng(2).permutation(24)
    np.testing.assert_allclose(worker_effects(noise(7)[:, order]), worker_effects(noise(7))[order])


def test_rounds_whose_workers_do_not_agree_count_little() -> None:
    """Workers that are all the same, every third round disturbed: their values lie closer than medians over rounds."""
    disturbed = np.where(np.arange(12) % 3, 1, 20)[:, None]
    logs = [disturbed * noise(12, seed) for seed in range(20)]
    values, medians = [worker_effects(table) for table in logs], [np.median(table, axis=0) for table in logs]
    assert np.std(values) < 0.85 * np.std(medians)


def draw_order(rounds: int, seed: int, side: int = 12) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The order of so many rounds, as the gate draws it, and which workers are head's."""
    sides: dict[int, Side] = {number: SIDES[number % 2] for number in range(2 * side)}
    schedule = Schedule(sides, random.Random(seed))
    order = np.array([np.argsort(schedule.next_round()) for _ in range(rounds)])
    return order, np.arange(2 * side) % 2 == 1


@pytest.mark.parametrize("side", [1, 2, 3, 7, 12])
def test_what_four_turns_in_a_row_have_in_common_is_no_difference_between_workers(side: int) -> None:
    order, _ = draw_order(5, 1, side)
    workers = np.random.default_rng(2).normal(scale=0.01, size=2 * side)
    of_block = np.random.default_rng(3).normal(size=(5, side // 2 + 1))
    blocks = np.minimum(order // 4, max(1, 2 * side // 4) - 1)  # the last one takes what would be half a block
    values = worker_effects(workers + np.take_along_axis(of_block, blocks, axis=1), order)
    assert np.abs(values - values.mean() - (workers - workers.mean())).max() < 0.02


def test_a_worker_that_is_slower_keeps_all_of_its_difference() -> None:
    """Though it is a quarter of every block that it takes a turn in."""
    order, _ = draw_order(7, 1)
    workers = np.where(np.arange(24) == 5, 0.3, 0.0)
    values = worker_effects(workers + noise(7), order)
    assert values[5] - np.median(np.delete(values, 5)) == pytest.approx(0.3, abs=0.01)


def test_blocks_leave_the_chance_of_a_false_p_as_it_is() -> None:
    """Blocks hold as many turns of either side, so sides differ by less than workers of a side, never by more."""
    small = []
    for seed in range(600):
        order, head = draw_order(3, seed, 6)
        values = worker_effects(np.random.default_rng(seed).normal(size=(3, 12)), order)
        small.append(Differences.of(values[~head], values[head]).p_slower)
    assert np.mean(np.array(small) <= 0.1) <= 0.1
    assert np.mean(np.array(small) <= 0.02) <= 0.02


def test_slices_are_put_where_their_round_and_worker_say() -> None:
    slices = [
        Slice(worker, round_, 0, 0.0, 1, (math.exp(worker + 10 * round_),), 0.0, 0)
        for round_, worker in [(1, 7), (0, 3), (1, 3), (0, 7)]
    ]
    samples = StageSamples("it", "screen", {7: "head", 3: "base"}, slices)
    np.testing.assert_allclose(to_table(samples), [[3, 7], [13, 17]])
    assert head_mask(samples).tolist() == [False, True]


def test_the_order_is_that_of_the_turns_and_unknown_where_one_is_missing() -> None:
    slices = [Slice(worker, 0, place, 0.0, 1, (1.0,), 0.0, 0) for place, worker in enumerate([7, 3])]
    samples = StageSamples("it", "screen", {7: "head", 3: "base"}, slices)
    values = turn_order(samples)
    assert values is not None
    assert values.tolist() == [[1, 0]]
    assert turn_order(StageSamples("it", "screen", {7: "head", 3: "base"}, slices[:1])) is None


def test_a_worker_without_a_slice_is_no_number() -> None:
    samples = StageSamples("it", "screen", {0: "base", 1: "head"}, [Slice(0, 0, 0, 0.0, 1, (1.0,), 0.0, 0)])
    assert np.isnan(to_table(samples)[0, 1])


def test_rounds_are_joined_and_a_problem_stays() -> None:
    head = np.array([False, True])
    first, later = Rounds(np.zeros((2, 2)), head, problem="throttled"), Rounds(np.ones((3, 2)), head)
    joined = first.extended_by(later)
    assert len(joined) == 5
    assert joined.problem == "throttled"
