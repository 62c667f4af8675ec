"""Calls under the real profiler: each group both ways, spans sorted into their groups, nothing left switched."""

from __future__ import annotations

import pytest
import torch

from opbench.profiling.costs import costs
from opbench.profiling.tracing import Plan, plan_for, traced

X = torch.ones(3, 5)


def names(launch: object, calls: int = 2, groups: int = 3) -> list[list[str]]:
    assert callable(launch)
    return [[span.name for span in group.spans] for group in traced(launch, Plan(calls, groups, led=False))]


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


def test_a_launch_without_operators_has_empty_groups() -> None:
    assert names(lambda: 1 + 1) == [[], [], []]


def test_a_launch_that_raises_leaves_the_observers_as_they_were() -> None:
    turns = iter([1, 2])

    def launch() -> None:
        torch.mul(X, next(turns))

    with pytest.raises(StopIteration):
        traced(launch, Plan(2, 3, led=False))
    assert not torch.autograd.profiler._is_profiler_enabled
    assert names(lambda: X + X, calls=1, groups=1) == [["aten::add"]]


def test_short_calls_come_in_groups_and_long_ones_alone() -> None:
    assert plan_for(4e-6, 2) == Plan(16, 24, led=True)
    assert plan_for(20e-3, 1500) == Plan(1, 3, led=False)


def test_a_call_of_many_spans_is_not_repeated_as_often() -> None:
    assert plan_for(400e-6, 600).groups < plan_for(400e-6, 6).groups


def test_a_nested_operator_costs_something_and_one_element_takes_some_time() -> None:
    found = costs()
    assert 0 < found.nested < 20_000
    assert 0 < found.top < 20_000
    assert 0 < found.smallest["aten::mul"] < 100_000
