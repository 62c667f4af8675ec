"""Spans to parts: self times, whose time it is, what of it is the profiler's own cost, and whether it adds up."""

from __future__ import annotations

import pytest

from opbench.measure.split.call_split import Split, explain_miss, middle_half
from opbench.measure.split.cpu_split import (
    CallGroup,
    CompiledOverhead,
    ProfilerOverhead,
    group_parts,
    overhead_factor,
    split_cpu_calls,
)
from opbench.measure.split.spans import Span, self_times

NANO = 1e9


def self_ns(*spans: Span) -> dict[str, float]:
    return {span.name: span.ns for span in self_times(spans)}


def parts_ns(group: CallGroup, overhead: ProfilerOverhead | None = None) -> dict[str, float]:
    """In nanoseconds of one call."""
    parts = group_parts(group, overhead or ProfilerOverhead())
    return {part: round(seconds * NANO, 6) for part, seconds in parts.items()}


MEAN = (Span("aten::mean", 10, 90), Span("aten::sum", 20, 50), Span("aten::empty", 25, 35), Span("aten::div_", 60, 80))


def test_a_span_has_what_no_span_inside_it_takes() -> None:
    assert self_ns(*MEAN) == {"aten::empty": 10, "aten::sum": 20, "aten::div_": 20, "aten::mean": 30}


def test_the_order_of_the_spans_does_not_matter() -> None:
    assert self_ns(*reversed(MEAN)) == self_ns(*MEAN)


def test_spans_that_touch_are_beside_each_other_and_not_inside() -> None:
    found = self_times([Span("aten::mul", 0, 10), Span("aten::add", 10, 20)])
    assert [(span.name, span.ns, span.depth) for span in found] == [("aten::mul", 10, 0), ("aten::add", 10, 0)]


def test_what_an_operator_calls_is_of_its_kind_but_memory_is_memory() -> None:
    kinds = {span.name: span.kind for span in self_times(MEAN)}
    assert kinds == {
        "aten::mean": "reduction",
        "aten::sum": "reduction",
        "aten::div_": "reduction",
        "aten::empty": "allocation",
    }


def test_inside_a_wrapper_operators_are_of_their_own_kinds() -> None:
    spans = [Span("aten::conv2d", 0, 50), Span("aten::mkldnn_convolution", 10, 40), Span("aten::add_", 41, 49)]
    kinds = {span.name: span.kind for span in self_times(spans)}
    assert kinds["aten::mkldnn_convolution"] == "convolution"
    assert kinds["aten::add_"] == "elementwise"


def test_parts_add_up_to_the_call_and_the_rest_is_dispatch() -> None:
    found = parts_ns(CallGroup(1, 0, 100, MEAN))
    assert found == {"dispatch": 20, "allocation": 10, "reduction": 70}


def test_parts_are_those_of_one_call() -> None:
    twice = [*MEAN, *(Span(span.name, span.start_ns + 100, span.end_ns + 100) for span in MEAN)]
    assert parts_ns(CallGroup(2, 0, 200, twice)) == parts_ns(CallGroup(1, 0, 100, MEAN))


def test_an_operators_time_on_one_element_is_dispatch() -> None:
    spans = [Span("aten::mul", 0, 60), Span("aten::exp", 60, 80)]
    found = parts_ns(
        CallGroup(1, 0, 80, spans), ProfilerOverhead(one_element_ns={"aten::mul": 10}, default_one_element_ns=15)
    )
    assert found == {"dispatch": 25, "allocation": 0, "elementwise": 55}


def test_an_operator_quicker_than_on_one_element_has_no_time_below_zero() -> None:
    found = parts_ns(CallGroup(1, 0, 30, [Span("aten::mul", 0, 20)]), ProfilerOverhead(default_one_element_ns=25))
    assert found == {"dispatch": 30, "allocation": 0, "elementwise": 0}


def test_the_profilers_cost_is_taken_out_once_per_span() -> None:
    overhead = ProfilerOverhead(top_level_ns=5, nested_ns=3, inside_ns=1)
    whole = sum(parts_ns(CallGroup(1, 0, 100, MEAN), overhead).values())
    assert whole == 100 - 1 - 5 - 3 * 3


def test_the_share_of_it_around_a_nested_span_does_not_count_as_its_parents_work() -> None:
    found = self_times(MEAN, outside_nested_ns=2)
    assert {span.name: span.ns for span in found}["aten::mean"] == 30 - 2 * 2


def test_a_compiled_graph_has_costs_of_its_own() -> None:
    graph = [Span("## Call CompiledFxGraph f ##", 0, 70)]
    found = parts_ns(
        CallGroup(1, 0, 80, graph),
        ProfilerOverhead(top_level_ns=2, compiled=CompiledOverhead(added_ns=4, one_element_ns=30)),
    )
    assert found == {"dispatch": 80 - 40 - 6, "allocation": 0, "compiled": 40}


def test_the_middle_half_leaves_out_bursts_and_keeps_one_of_one() -> None:
    groups = [CallGroup(1, 0, ns, ()) for ns in (7, 1, 900, 5, 6, 3, 4)]
    assert [group.profiled_ns for group in middle_half(groups, lambda group: group.profiled_ns)] == [3, 4, 5, 6, 7]
    assert len(middle_half(groups[:1], lambda group: group.profiled_ns)) == 1
    assert [group.profiled_ns for group in middle_half(groups[:3], lambda group: group.profiled_ns)] == [7]


def factor(profiled_ns: float, plain_ns: float = 100) -> float:
    spans = [Span("aten::mul", 0, 10), Span("aten::mul", 20, 30)]
    return overhead_factor([CallGroup(1, plain_ns, profiled_ns, spans)], plain_ns, ProfilerOverhead(top_level_ns=5))


def test_what_the_profiler_adds_is_measured_on_the_calls_themselves() -> None:
    assert factor(100 + 2 * 5 * 1.5) == pytest.approx(1.5)


def test_but_only_within_what_it_ever_was() -> None:
    assert factor(300) == 2.2
    assert factor(20) == 0.8


def test_no_operator_of_any_kind_is_no_split() -> None:
    views = [Span("aten::view", 0, 3), Span("aten::empty", 4, 6)]
    assert split_cpu_calls([CallGroup(1, 10, 10, views)], ProfilerOverhead()) is None
    assert split_cpu_calls([CallGroup(1, 10, 10, ())], ProfilerOverhead()) is None


def test_a_split_is_the_mean_of_groups_and_still_adds_up() -> None:
    groups = [CallGroup(1, 100, 100 + step, MEAN) for step in range(5)]
    found = split_cpu_calls(groups, ProfilerOverhead())
    assert found is not None
    assert found.sum_s * NANO == pytest.approx(102)
    assert found.parts["reduction"] * NANO == pytest.approx(70)
    assert found.plain_s * NANO == pytest.approx(100)


def test_within_the_tolerance_nothing_is_said() -> None:
    assert not explain_miss(Split({"dispatch": 1.04e-6}, 1e-6), 1e-6)
    assert not explain_miss(Split({"dispatch": 0.96e-6}, 1e-6), 1e-6)


def test_a_machine_that_changed_its_speed_is_told_from_a_profiler_that_disturbs() -> None:
    moved = explain_miss(Split({"dispatch": 1.5e-6}, 1.5e-6), 1e-6)
    assert "50% more" in moved
    assert "50% slower" in moved
    disturbed = explain_miss(Split({"dispatch": 0.8e-6}, 1e-6), 1e-6)
    assert "20% less" in disturbed
    assert "observing changes this call" in disturbed
