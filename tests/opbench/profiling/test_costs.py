"""What the profiler adds is found again where it was put in, and every operator that is tried has its smallest time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite

import pytest

from opbench.profiling import costs
from opbench.profiling.split import Group, Span
from opbench.profiling.tracing import Plan

TOP, NESTED, INSIDE, WORK = 310, 250, 100, 4_000
"""Nanoseconds: of the profiler for a span that Python calls, for one inside another, and what of that lies within the
span; and of an operator's own.
"""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    costs.costs.cache_clear()
    yield
    costs.costs.cache_clear()


def group(tops: int, nested: int, late: int = 0) -> Group:
    """One call of `tops` operators, each with `nested` inside it; `late`: what disturbs it while it is observed."""
    spans, at = [], 0
    for _ in range(tops):
        start, at = at, at + WORK
        for _ in range(nested):
            spans.append(Span("aten::add", at, at + WORK + INSIDE))
            at += WORK + NESTED
        spans.append(Span("aten::mul", start, at + INSIDE))
        at += TOP
    plain = tops * WORK * (1 + nested)
    return Group(1, plain, at + INSIDE + late, spans)


def test_the_profilers_cost_is_found_whatever_disturbed_half_of_the_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = iter([(7, 0), (3, 2), (0, 0)])

    def traced(_: Callable[[], object], plan: Plan) -> list[Group]:
        tops, nested = next(kinds)
        return [group(tops, nested, late=(at % 2) * 1_000_000) for at in range(plan.groups)]

    monkeypatch.setattr(costs, "traced", traced)
    monkeypatch.setattr(costs, "_WARM", 0)
    found = costs.costs()
    assert (found.inside, found.top, found.nested) == (INSIDE, TOP, NESTED)
    assert found.smallest["aten::mul"] == pytest.approx(WORK + INSIDE)


def test_of_real_calls_every_operator_that_is_tried_has_its_time() -> None:
    found = costs.costs()
    assert found.smallest.keys() >= {"aten::mul", "aten::cat", "aten::bmm", "aten::sum"}
    assert all(map(isfinite, (found.top, found.nested, *found.smallest.values())))
    assert found.otherwise == found.smallest["aten::mul"] > 0
