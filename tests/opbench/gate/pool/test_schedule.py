"""Who measures when: both sides in the same mean place, whatever the number of workers."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from opbench.gate.pool.schedule import CorePicker, Schedule
from opbench.gate.samples import SIDES, Side
from opbench.gate.worker.core_isolation import pinned_to_core


def sides(per_side: int) -> dict[int, Side]:
    return {number: SIDES[number % 2] for number in range(2 * per_side)}


@pytest.mark.parametrize("per_side", [1, 2, 3, 5, 8])
def test_every_worker_has_one_turn_a_round(per_side: int) -> None:
    schedule = Schedule(sides(per_side), random.Random(1))
    for _ in range(7):
        assert sorted(schedule.next_round()) == list(range(2 * per_side))


@pytest.mark.parametrize("per_side", [1, 2, 3, 5, 8])
def test_over_two_rounds_no_side_comes_earlier_than_the_other(per_side: int) -> None:
    """A drift that is linear over both rounds adds the same to either side."""
    of = sides(per_side)
    schedule = Schedule(of, random.Random(2))
    for _ in range(9):
        places = Counter[str]()
        for order in (schedule.next_round(), schedule.next_round()):
            for place, worker in enumerate(order):
                places[of[worker]] += place
        assert places["base"] == places["head"]


def test_the_order_is_drawn_anew() -> None:
    schedule = Schedule(sides(8), random.Random(3))
    assert len({tuple(schedule.next_round()) for _ in range(20)}) == 20


def test_sides_of_different_size_are_refused() -> None:
    with pytest.raises(ValueError, match="of one size"):
        Schedule({0: "base", 1: "head", 2: "head"}, random.Random(1))


def test_a_round_is_held_on_one_of_the_cores_allowed_and_all_of_them_have_their_turn() -> None:
    allowed = os.sched_getaffinity(0)
    cores = CorePicker("cpu", 1, random.Random(1))
    assert {cores.draw() for _ in range(200)} == allowed


@pytest.mark.parametrize(("device", "threads"), [("cuda", 1), ("cpu", 2)])
def test_what_needs_more_than_one_core_is_held_on_none(device: str, threads: int) -> None:
    assert CorePicker(device, threads, random.Random(1)).draw() is None


def held(core: int | None) -> set[int]:
    with pinned_to_core(core):
        return os.sched_getaffinity(0)


def test_a_thread_is_held_on_its_core_and_let_go_again() -> None:
    before = os.sched_getaffinity(0)
    assert held(min(before)) == {min(before)}
    assert os.sched_getaffinity(0) == before
    assert held(None) == before


def test_a_thread_is_let_go_also_where_the_benchmark_fails() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(ZeroDivisionError), pinned_to_core(min(before)):
        _ = 1 // 0
    assert os.sched_getaffinity(0) == before
