"""Calls under the real profiler: every group both ways, launches in turns, spans in their groups, switches restored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from opbench.profiling import tracing
from opbench.profiling.costs import costs
from opbench.profiling.tracing import IN_A_GROUP, MOST_GROUPS, Plan, all_traced, plan_for, traced

X = torch.ones(3, 5)


def names(launch: Callable[[], object], calls: int = 2, groups: int = 3) -> list[list[str]]:
    return [[span.name for span in group.spans] for group in traced(launch, Plan(calls, groups))]


def test_every_observed_call_is_in_its_group() -> None:
    assert names(lambda: X * X) == [["aten::mul"] * 2] * 3


def test_plain_calls_and_leading_ones_are_run_and_not_observed() -> None:
    calls: list[int] = []

    def launch() -> None:
        calls.append(1)
        torch.mul(X, X)

    (group,) = traced(launch, Plan(3, 1, led=True))
    assert len(calls) == 2 * (3 + 1)
    assert len(group.spans) == 3


def noted(order: list[str], name: str, call: Callable[[], object]) -> Callable[[], None]:
    def launch() -> None:
        order.append(name)
        call()

    return launch


def test_launches_take_turns_and_keep_their_spans_apart() -> None:
    order: list[str] = []
    launches = {"a": noted(order, "a", lambda: X * X), "b": noted(order, "b", lambda: X + X)}
    found = all_traced(launches, {"a": Plan(1, 2), "b": Plan(1, 2)})
    assert order == ["a", "b"] * 4
    assert [[span.name for span in group.spans] for group in found["a"]] == [["aten::mul"]] * 2
    assert [[span.name for span in group.spans] for group in found["b"]] == [["aten::add"]] * 2


def test_a_launch_whose_groups_are_done_runs_on_unobserved() -> None:
    order: list[str] = []
    launches = {"a": noted(order, "a", lambda: X * X), "b": noted(order, "b", lambda: X + X)}
    found = all_traced(launches, {"a": Plan(1, 3), "b": Plan(1, 0)})
    assert order == ["a", "b"] * 6
    assert (len(found["a"]), len(found["b"])) == (3, 0)


def test_a_group_that_took_long_has_fewer_calls_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(tracing, "LONG_NS", 1)
    groups = traced(lambda: calls.append(1), Plan(5, 3))
    assert [group.calls for group in groups] == [5, 1, 1]
    assert len(calls) == 2 * (5 + 1 + 1)


def test_who_runs_is_told_before_every_group() -> None:
    told: list[str] = []
    launches = {"a": lambda: X * X, "b": lambda: X + X}
    all_traced(launches, {"a": Plan(1, 1), "b": Plan(1, 1)}, told.append)
    assert told == ["a", "b", "a", "b"]


def test_a_launch_without_operators_has_empty_groups() -> None:
    assert names(lambda: 1 + 1) == [[], [], []]


def test_a_launch_that_raises_leaves_the_observers_as_they_were() -> None:
    turns = iter([1, 2])

    def launch() -> None:
        torch.mul(X, next(turns))

    with pytest.raises(StopIteration):
        traced(launch, Plan(2, 3))
    assert not torch.autograd.profiler._is_profiler_enabled
    assert names(lambda: X + X, calls=1, groups=1) == [["aten::add"]]


def test_groups_are_as_long_as_the_clocks_samples_unless_they_have_too_many_spans() -> None:
    assert plan_for(50e-6, 7, 20).calls == 20
    assert plan_for(4e-6, 2, 250).calls == IN_A_GROUP // 2
    assert plan_for(20e-3, 1500, 1).calls == 1


def test_long_calls_and_such_of_many_spans_are_not_repeated_as_often() -> None:
    assert plan_for(50e-6, 7, 20).groups == MOST_GROUPS
    assert plan_for(20e-3, 7, 1).groups == 3
    assert plan_for(400e-6, 600, 2).groups < MOST_GROUPS


def test_a_nested_operator_costs_something_and_one_element_takes_some_time() -> None:
    found = costs()
    assert 0 < found.nested < 20_000
    assert 0 < found.top < 20_000
    assert 0 < found.smallest["aten::mul"] < 100_000
