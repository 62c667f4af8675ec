"""What the profiler adds is found again where it was put in, and every operator that is tried has its smallest time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite

import pytest

from opbench.measure.split import overhead_calibration
from opbench.measure.split.cpu_profiler import GroupPlan
from opbench.measure.split.cpu_split import CallGroup
from opbench.measure.split.spans import Span

TOP, NESTED, INSIDE, WORK = 310, 250, 100, 4_000
"""Nanoseconds: of the profiler for a span that Python calls, for one inside another, and what of that lies within the
span; and of an operator's own.
"""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    overhead_calibration.calibrate.cache_clear()
    yield
    overhead_calibration.calibrate.cache_clear()


def group(top_level: int, nested: int, disturbance_ns: int = 0) -> CallGroup:
    """One call of `top_level` operators, each with `nested` inside it; disturbance_ns: added while it is observed."""
    spans, now_ns = [], 0
    for _ in range(top_level):
        start_ns, now_ns = now_ns, now_ns + WORK
        for _ in range(nested):
            spans.append(Span("aten::add", now_ns, now_ns + WORK + INSIDE))
            now_ns += WORK + NESTED
        spans.append(Span("aten::mul", start_ns, now_ns + INSIDE))
        now_ns += TOP
    plain_ns = top_level * WORK * (1 + nested)
    return CallGroup(1, plain_ns, now_ns + INSIDE + disturbance_ns, spans)


def test_the_profilers_cost_is_found_whatever_disturbed_half_of_the_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = iter([(7, 0), (3, 2), (0, 0)])

    def profile_launch(_: Callable[[], object], plan: GroupPlan) -> list[CallGroup]:
        top_level, nested = next(kinds)
        return [group(top_level, nested, (index % 2) * 1_000_000) for index in range(plan.groups)]

    monkeypatch.setattr(overhead_calibration, "profile_launch", profile_launch)
    monkeypatch.setattr(overhead_calibration, "_WARMUP_CALLS", 0)
    overhead = overhead_calibration.calibrate()
    assert (overhead.inside_ns, overhead.top_level_ns, overhead.nested_ns) == (INSIDE, TOP, NESTED)
    assert overhead.one_element_ns["aten::mul"] == pytest.approx(WORK + INSIDE)


def test_of_real_calls_every_operator_that_is_tried_has_its_time() -> None:
    overhead = overhead_calibration.calibrate()
    assert overhead.one_element_ns.keys() >= {"aten::mul", "aten::cat", "aten::bmm", "aten::sum"}
    assert all(map(isfinite, (overhead.top_level_ns, overhead.nested_ns, *overhead.one_element_ns.values())))
    assert overhead.default_one_element_ns == overhead.one_element_ns["aten::mul"] > 0
