"""What the profiler adds to a call, and what operators take when there is nothing to compute: measured, not assumed.

Many different operators on one element run in a row here, as they do in a network: in a loop of one operator its code
and the profiler's stay in the first cache, and a nested one costs 0.22 us instead of 0.27 (AMD EPYC 9004, PyTorch
2.13). One that Python calls costs 0.31 us, of which 0.1 us lie within its own span.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch.nn import functional

from opbench.profiling.kinds import COMPILED, kind_of
from opbench.profiling.split import Compiled, Costs, Group, self_times
from opbench.profiling.tracing import Plan, traced

_PLAN, _WARM = Plan(1, 100), 100
_PLAIN = "aten::mul"


@cache
def costs() -> Costs:
    """Measured once in a process, in about 50 ms."""
    with torch.no_grad():
        flat, deep = (_run(calls) for calls in _smallest_calls())
        empty = traced(lambda: None, _PLAN)
    inside = max(0.0, _usual(group.traced_ns - group.plain_ns for group in empty))
    top = _added(flat, inside) / _depths(flat)[0]
    tops, inner = _depths(deep)
    nested = (_added(deep, inside) - tops * top) / inner
    smallest = _self_times([*flat, *deep], nested - inside)
    return Costs(top, nested, inside, smallest, smallest[_PLAIN])


@cache
def compiled_costs() -> Costs:
    """The same, with what a graph of torch.compile takes that has one element to compute; compiles it, which takes
    a second, and with nothing cached as long as the C++ compiler does.
    """
    known = costs()
    with torch.no_grad():
        call = torch.compile(_one_more)
        one = torch.ones(1)
        groups = _run((lambda: call(one),))
    tops, inner = _depths(groups)
    added = _added(groups, known.inside) - tops * known.top - inner * known.nested
    own = [own.ns for group in groups for own in self_times(group.spans) if own.kind == COMPILED]
    return replace(known, compiled=Compiled(max(0.0, added), _usual(own)))


def costs_for(groups: list[Group]) -> Costs:
    """The costs that taking these groups apart needs."""
    graphs = any(kind_of(span.name) == COMPILED for span in groups[0].spans)
    return compiled_costs() if graphs else costs()


def _one_more(x: torch.Tensor) -> torch.Tensor:
    return x + 1


def _run(calls: tuple[Callable[[], Any], ...]) -> list[Group]:
    def launch() -> None:
        for call in calls:
            call()

    for _ in range(_WARM):
        launch()
    return traced(launch, _PLAN)


def _added(groups: list[Group], inside: float) -> float:
    """Nanoseconds that the profiler adds to a call."""
    return _usual(group.traced_ns for group in groups) - inside - _usual(group.plain_ns for group in groups)


def _depths(groups: list[Group]) -> tuple[int, int]:
    """Spans of a call that Python makes, and those inside others."""
    spans = self_times(groups[0].spans)
    tops = sum(own.depth == 0 for own in spans)
    return tops, len(spans) - tops


def _self_times(groups: list[Group], outside: float) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for group in groups:
        for own in self_times(group.spans, outside):
            found.setdefault(own.name, []).append(own.ns)
    return {name: _usual(times) for name, times in found.items()}


def _usual(times: Iterable[float]) -> float:
    """The lower quartile: what disturbs so short a call only ever lengthens it."""
    ranked = sorted(times)
    return ranked[len(ranked) // 4]


def _smallest_calls() -> tuple[tuple[Callable[[], Any], ...], tuple[Callable[[], Any], ...]]:
    """Calls of operators that call no others, and of such that do; all on one element."""
    one, zero = torch.ones(1), torch.zeros(1, dtype=torch.int64)
    image, line = torch.ones(1, 1, 1, 1), torch.ones(1, 1)
    flat = (
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
    deep = (
        lambda: torch.relu(one),
        lambda: torch.sum(one),
        lambda: torch.mean(one),
        lambda: torch.index_select(one, 0, zero),
        lambda: one[zero],
        one.clone,
        lambda: functional.conv2d(image, image),
        lambda: functional.batch_norm(image, one, one),
        lambda: torch.addmm(one, line, line),
        lambda: torch.bmm(image[0], image[0]),
        lambda: functional.linear(line, line),
    )
    return flat, deep
