"""Calls under the real profiler: every group both ways, launches in turns, spans in their groups, switches restored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from opbench.measure.split.cpu_profiler import (
    LONG_GROUP_NS,
    MAX_GROUPS,
    MAX_NS_PER_LAUNCH,
    MAX_SPANS_IN_GROUP,
    MIN_GROUPS,
    GroupPlan,
    plan_groups,
    profile_launch,
    profile_launches,
)

X = torch.ones(3, 5)


class Clock:
    """Nanoseconds that only launches move: every call of `launch` takes as many as it is given, in turns."""

    def __init__(self, *calls_ns: int) -> None:
        self.now_ns, self.calls = 0, 0
        self._calls_ns = calls_ns or (1,)

    def __call__(self) -> int:
        return self.now_ns

    def launch(self) -> None:
        self.now_ns += self._calls_ns[self.calls % len(self._calls_ns)]
        self.calls += 1


def names(launch: Callable[[], object], calls: int = 2, groups: int = 3) -> list[list[str]]:
    return [[span.name for span in group.spans] for group in profile_launch(launch, GroupPlan(calls, groups), Clock())]


def test_every_observed_call_is_in_its_group() -> None:
    assert names(lambda: X * X) == [["aten::mul"] * 2] * 3


def test_plain_calls_and_leading_ones_are_run_and_not_observed() -> None:
    calls: list[int] = []

    def launch() -> None:
        calls.append(1)
        torch.mul(X, X)

    (group,) = profile_launch(launch, GroupPlan(3, 1, led=True), Clock())
    assert len(calls) == 2 * (3 + 1)
    assert len(group.spans) == 3


def recorded(order: list[str], name: str, call: Callable[[], object]) -> Callable[[], None]:
    def launch() -> None:
        order.append(name)
        call()

    return launch


def test_launches_take_turns_and_keep_their_spans_apart() -> None:
    order: list[str] = []
    launches = {"a": recorded(order, "a", lambda: X * X), "b": recorded(order, "b", lambda: X + X)}
    found = profile_launches(launches, {"a": GroupPlan(1, 2), "b": GroupPlan(1, 2)}, now=Clock())
    assert order == ["a", "b"] * 4
    assert [[span.name for span in group.spans] for group in found["a"]] == [["aten::mul"]] * 2
    assert [[span.name for span in group.spans] for group in found["b"]] == [["aten::add"]] * 2


def test_a_launch_whose_groups_are_done_runs_on_unobserved() -> None:
    order: list[str] = []
    launches = {"a": recorded(order, "a", lambda: X * X), "b": recorded(order, "b", lambda: X + X)}
    found = profile_launches(launches, {"a": GroupPlan(1, 3), "b": GroupPlan(1, 0)}, now=Clock())
    assert order == ["a", "b"] * 6
    assert (len(found["a"]), len(found["b"])) == (3, 0)


def test_a_group_that_took_long_has_fewer_calls_from_then_on() -> None:
    clock = Clock(LONG_GROUP_NS // 2)
    groups = profile_launch(clock.launch, GroupPlan(5, 3), clock)
    assert [group.calls for group in groups] == [5, 2, 2]
    assert clock.calls == 2 * (5 + 2 + 2)


def test_a_clock_that_stands_still_costs_no_group() -> None:
    clock = Clock(0)
    assert [group.calls for group in profile_launch(clock.launch, GroupPlan(3, 2), clock)] == [3, 3]


@pytest.mark.parametrize(("round_ns", "groups"), [(MAX_NS_PER_LAUNCH // 4, 5), (10 * MAX_NS_PER_LAUNCH, MIN_GROUPS)])
def test_no_round_begins_after_long_but_the_least_number(round_ns: int, groups: int) -> None:
    """Of two launches, of which one takes all the time; a round is a call plain and one observed."""
    clock = Clock(round_ns)
    found = profile_launches(
        {"a": clock.launch, "b": lambda: None}, {"a": GroupPlan(1, 9), "b": GroupPlan(1, 9)}, now=clock
    )
    assert {name: len(each) for name, each in found.items()} == {"a": groups, "b": groups}


def test_plain_groups_take_what_the_clock_says_a_call() -> None:
    clock = Clock(7, 9)
    assert [group.plain_ns for group in profile_launch(clock.launch, GroupPlan(2, 3), clock)] == [8, 8, 8]


def test_who_runs_is_announced_before_every_group() -> None:
    announced: list[str] = []
    launches = {"a": lambda: X * X, "b": lambda: X + X}
    profile_launches(launches, {"a": GroupPlan(1, 1), "b": GroupPlan(1, 1)}, announced.append, Clock())
    assert announced == ["a", "b", "a", "b"]


def test_a_launch_without_operators_has_empty_groups() -> None:
    assert names(lambda: 1 + 1) == [[], [], []]


def test_a_launch_that_raises_leaves_the_observers_as_they_were() -> None:
    turns = iter([1, 2])

    def launch() -> None:
        torch.mul(X, next(turns))

    with pytest.raises(StopIteration):
        profile_launch(launch, GroupPlan(2, 3), Clock())
    assert not torch.autograd.profiler._is_profiler_enabled
    assert names(lambda: X + X, calls=1, groups=1) == [["aten::add"]]


def test_groups_are_as_long_as_the_clocks_samples_unless_they_have_too_many_spans() -> None:
    assert plan_groups(50e-6, 7, 20).calls == 20
    assert plan_groups(4e-6, 2, 250).calls == MAX_SPANS_IN_GROUP // 2
    assert plan_groups(20e-3, 1500, 1).calls == 1


def test_long_calls_and_such_of_many_spans_are_not_repeated_as_often() -> None:
    assert plan_groups(50e-6, 7, 20).groups == MAX_GROUPS
    assert plan_groups(20e-3, 7, 1).groups == 3
    assert plan_groups(400e-6, 600, 2).groups < MAX_GROUPS
