"""Calls before which one element of the input changes: how many, what is left behind, and how long is too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from opbench.measure.changed_element import SLOWER_S, TRIES, Changing
from opbench.measure.redrawn_inputs import Redrawing
from opbench.measure.timing.wall import WallTimer
from opbench.vocabulary.record import Check

PASSED = Check(True, 7, 0, 0.0, 0.0, 1e-6, 0.0)
MEDIAN_S = 1e-3


class Calls:
    """A launch that triples its input; `call_s` says how long each call takes by its number."""

    def __init__(self, call_s: Callable[[int], float], wall: bool = True, size: int = 7) -> None:
        self.x = torch.arange(1.0, size + 1)
        self.seen: list[list[float]] = []
        self.taken: list[torch.Tensor] = []
        self.now_s, self.call_s = 0.0, call_s
        self.changing = Changing(Redrawing([self.x], lambda: 0.5), lambda: self.now_s, wall=wall)
        self.timer = WallTimer(self.launch)

    def launch(self) -> Any:
        self.now_s += self.call_s(len(self.seen))
        self.seen.append(self.x.tolist())
        return 3 * self.x

    def look(self, output: Any = None) -> int | None:
        given = 3 * self.x if output is None else output
        return self.changing.calls("it", self.timer, given, False, self.taken.append)


@pytest.mark.parametrize(
    ("call_s", "wall", "calls"),
    [(1e-5, True, 4), (0.9e-3, True, 4), (1.1e-3, True, 2), (1.0, True, 2), (1e-5, False, 2)],
)
def test_a_quick_call_is_repeated_and_a_long_one_made_twice_and_the_input_is_as_it_was(
    call_s: float, wall: bool, calls: int
) -> None:
    world = Calls(lambda _: call_s, wall)
    before = world.x.tolist()
    assert world.look() is None
    assert len(world.seen) == calls
    assert all(
        [a, b] == [[*before[:3], -4.0, *before[4:]], before] for a, b in zip(*[iter(world.seen)] * 2, strict=True)
    )
    assert world.x.tolist() == before
    assert [one.tolist() for one in world.taken] == [[3 * one for one in before]], "one is looked at, changed back"


def test_an_output_that_stays_as_it_was_is_told_with_the_place_of_the_element() -> None:
    world = Calls(lambda _: 1e-5)
    changed = world.x.clone()
    changed[3] *= -1
    assert world.look(output=3 * changed) == 3
    for other in (3 * changed.double(), 3 * changed[:-1], None):
        assert world.changing.calls("it", world.timer, other, False, world.taken.append) is None


def test_without_an_element_to_change_nobody_is_called() -> None:
    world = Calls(lambda _: 1e-5, size=0)
    assert world.look() is None
    assert world.seen == []


CALLS = 5
"""Of a sample."""


class Keeping(Calls):
    """Keeps the result of a call for those behind it that have the same input."""

    def __init__(self, changed_s: float, same_s: float = MEDIAN_S, honest: int = 0) -> None:
        """honest: how many calls after a change compute, of which the first has it noticed."""
        self.same = 0

        def call_s(number: int) -> float:
            self.same = self.same + 1 if number and self.seen[-1] == self.x.tolist() else 0
            return changed_s if self.same <= honest else same_s

        super().__init__(call_s)

    def check(self, samples_s: list[float] | None = None) -> Check:
        """What is made of it after one look."""
        self.look()
        return self.changing.kept("it", PASSED, samples_s or [MEDIAN_S] * 11, CALLS)


def kept(times: float, samples_s: list[float] | None = None) -> Check:
    """What is made of a backend that takes so many times the median after a change."""
    return Keeping(times * MEDIAN_S).check(samples_s)


@pytest.mark.parametrize(("times", "passes"), [(0.5, True), (1.9, True), (2.4, True), (2.6, False), (4.0, False)])
def test_results_are_kept_where_the_quickest_call_after_a_change_takes_two_and_a_half_times_as_long(
    times: float, passes: bool
) -> None:
    found = kept(times)
    assert found.passed is passes
    if not passes:
        assert found.misses == 1
        assert found.detail == f"takes {times:.1f} times as long once its input has changed: it keeps results"


def test_what_some_samples_take_too_proves_nothing() -> None:
    """Of eleven, two are the slowest tenth: a call may be as slow as these, and some microseconds slower."""
    slow = [MEDIAN_S] * 9 + [4 * MEDIAN_S] * 2
    assert kept(4.0, slow).passed
    assert kept(4.0 + 0.9 * SLOWER_S / MEDIAN_S, slow).passed
    assert not kept(4.0 + 1.1 * SLOWER_S / MEDIAN_S, slow).passed
    assert not kept(4.0, [MEDIAN_S] * 10 + [4 * MEDIAN_S]).passed


@pytest.mark.parametrize("honest", [0, 1, 2])
def test_results_may_be_kept_from_a_later_call_after_a_change_on(honest: int) -> None:
    """Whose two calls more of five are slow gains little, in samples too, whose first call is one after a change."""
    found = Keeping(20 * MEDIAN_S, honest=honest).check()
    assert found.passed is (honest == 2)


def test_who_was_slow_while_looked_at_is_tried_again_before_it_is_blamed() -> None:
    world = Calls(lambda number: 9 * MEDIAN_S if number < 2 else MEDIAN_S)
    before = world.x.tolist()
    world.look()
    assert world.changing.kept("it", PASSED, [MEDIAN_S] * 11, CALLS) is PASSED
    assert len(world.seen) == 2 + TRIES * (1 + CALLS)
    assert world.x.tolist() == before, "the element has its sign again"


def test_one_quick_call_after_a_change_is_enough_to_be_believed() -> None:
    """Three of four tries are slow."""
    tries = [2 + number * (1 + CALLS) for number in range(TRIES)]
    slow = {0, 1, *tries[:2], *tries[3:]}
    world = Calls(lambda number: 9 * MEDIAN_S if number in slow else MEDIAN_S)
    world.look()
    assert world.changing.kept("it", PASSED, [MEDIAN_S] * 11, CALLS) is PASSED


def test_of_what_was_never_looked_at_nothing_is_said() -> None:
    assert Calls(lambda _: 1.0).changing.kept("it", PASSED, [MEDIAN_S], CALLS) is PASSED
