"""What the profiler adds to a call, and what operators take when there is nothing to compute: measured, not assumed.

Many different operators on one element run in a row here, as they do in a network: in a loop of one operator its code
and the profiler's stay in the first cache, and a nested one costs 0.22 us instead of 0.27 (AMD EPYC 9004, PyTorch
2.13). One that Python calls costs 0.31 us, of which 0.1 us lie within its own span.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TypeAlias

import torch
from torch.nn import functional

from opbench.measure.split.cpu_profiler import GroupPlan, profile_launch
from opbench.measure.split.cpu_split import CallGroup, CompiledOverhead, ProfilerOverhead
from opbench.measure.split.kinds import COMPILED, operator_kind
from opbench.measure.split.spans import self_times

Calls: TypeAlias = tuple[Callable[[], Any], ...]

_PLAN, _WARMUP_CALLS = GroupPlan(1, 100), 100
_DEFAULT_OPERATOR = "aten::mul"


@cache
def calibrate() -> ProfilerOverhead:
    """Measure the profiler's overhead, once in a process, in about 50 ms."""
    with torch.no_grad():
        flat, deep = (_profile(calls) for calls in _one_element_calls())
        empty = profile_launch(lambda: None, _PLAN)
    inside_ns = max(0.0, _lower_quartile(group.profiled_ns - group.plain_ns for group in empty))
    top_level_ns = _added_ns(flat, inside_ns) / _count_spans(flat)[0]
    top_level, nested = _count_spans(deep)
    nested_ns = (_added_ns(deep, inside_ns) - top_level * top_level_ns) / nested
    one_element_ns = _operator_self_times([*flat, *deep], nested_ns - inside_ns)
    return ProfilerOverhead(top_level_ns, nested_ns, inside_ns, one_element_ns, one_element_ns[_DEFAULT_OPERATOR])


@cache
def calibrate_compiled() -> ProfilerOverhead:
    """Measure also what a graph of torch.compile takes that has one element to compute.

    It is compiled for this, which takes a second, and with nothing cached as long as the C++ compiler does.
    """
    overhead = calibrate()
    with torch.no_grad():
        graph = torch.compile(_add_one)
        one = torch.ones(1)
        groups = _profile((lambda: graph(one),))
    top_level, nested = _count_spans(groups)
    spans_ns = top_level * overhead.top_level_ns + nested * overhead.nested_ns
    added_ns = _added_ns(groups, overhead.inside_ns) - spans_ns
    one_element_ns = [span.ns for group in groups for span in self_times(group.spans) if span.kind == COMPILED]
    return replace(overhead, compiled=CompiledOverhead(max(0.0, added_ns), _lower_quartile(one_element_ns)))


def overhead_for(groups: Sequence[CallGroup]) -> ProfilerOverhead:
    """Return the overhead that taking these groups apart needs: with that of compiled graphs where they have one."""
    compiled = any(operator_kind(span.name) == COMPILED for span in groups[0].spans)
    return calibrate_compiled() if compiled else calibrate()


def _add_one(x: torch.Tensor) -> torch.Tensor:
    return x + 1


def _profile(calls: Calls) -> list[CallGroup]:
    def launch() -> None:
        for call in calls:
            call()

    for _ in range(_WARMUP_CALLS):
        launch()
    return profile_launch(launch, _PLAN)


def _added_ns(groups: Sequence[CallGroup], inside_ns: float) -> float:
    """What the profiler adds to a call."""
    profiled_ns = _lower_quartile(group.profiled_ns for group in groups)
    return profiled_ns - inside_ns - _lower_quartile(group.plain_ns for group in groups)


def _count_spans(groups: Sequence[CallGroup]) -> tuple[int, int]:
    """Spans of a call that Python makes, and those inside others."""
    spans = self_times(groups[0].spans)
    top_level = sum(span.depth == 0 for span in spans)
    return top_level, len(spans) - top_level


def _operator_self_times(groups: Iterable[CallGroup], outside_nested_ns: float) -> dict[str, float]:
    times_ns: dict[str, list[float]] = {}
    for group in groups:
        for span in self_times(group.spans, outside_nested_ns):
            times_ns.setdefault(span.name, []).append(span.ns)
    return {name: _lower_quartile(each) for name, each in times_ns.items()}


def _lower_quartile(times: Iterable[float]) -> float:
    """What disturbs so short a call only ever lengthens it."""
    ranked = sorted(times)
    return ranked[len(ranked) // 4]


def _one_element_calls() -> tuple[Calls, Calls]:
    """Calls of operators that call no others, and of such that do."""
    one, zero = torch.ones(1), torch.zeros(1, dtype=torch.int64)
    image, row = torch.ones(1, 1, 1, 1), torch.ones(1, 1)
    flat: Calls = (
        lambda: torch.mul(one, one),
        lambda: torch.add(one, one),
        lambda: torch.cat((one, one)),
        lambda: functional.avg_pool2d(image, 1),
        lambda: torch.gather(one, 0, zero),
        lambda: torch.empty(1),
        lambda: torch.sigmoid(one),
        lambda: torch.tanh(one),
        lambda: torch.div(one, one),
        one.abs,
        lambda: functional.hardswish(one),
    )
    deep: Calls = (
        lambda: torch.relu(one),
        lambda: torch.sum(one),
        lambda: torch.mean(one),
        lambda: torch.index_select(one, 0, zero),
        lambda: one[zero],
        one.clone,
        lambda: functional.conv2d(image, image),
        lambda: functional.batch_norm(image, one, one),
        lambda: torch.addmm(one, row, row),
        lambda: torch.bmm(image[0], image[0]),
        lambda: functional.linear(row, row),
    )
    return flat, deep
