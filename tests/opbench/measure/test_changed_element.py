"""Calls before which one element of the input changes: how many, what is left behind, and how long is too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from opbench.measure.changed_element import SLOWER_S, Changing
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


def kept(times: float, samples_s: list[float] | None = None) -> Check:
    """What is made of a backend whose quickest call after a change takes so many times the median."""
    world = Calls(lambda number: times * MEDIAN_S * (1 + number))
    world.look()
    return world.changing.kept("it", PASSED, samples_s or [MEDIAN_S] * 11)


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


def test_of_what_was_never_looked_at_nothing_is_said() -> None:
    assert Calls(lambda _: 1.0).changing.kept("it", PASSED, [MEDIAN_S]) is PASSED
