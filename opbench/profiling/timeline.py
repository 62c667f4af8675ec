"""From the profiler's spans and kernels of one synchronised call on a GPU to where its time goes. No torch here.

Host and device work side by side, so self times would count time twice. The call is cut by what the device does
instead: until the first kernel starts it is dispatch, then whatever runs is of the kind of the operator that launched
it, and where nothing runs it is waiting.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from opbench.profiling.kinds import ALLOCATION, COMPILED, DISPATCH, OTHER, OURS, WAITING, is_work
from opbench.profiling.split import Span, Split, mean_of, self_times

_BY_NAME = (
    (r"hadamard|ach_expand", OURS),
    (r"^triton_", COMPILED),
    (r"conv|cudnn|winograd|implicit_gemm", "convolution"),
    (r"gemm|cutlass|cublas|gemv", "matrix product"),
    (r"norm|softmax", "normalization"),
    (r"pool", "pooling"),
    (r"reduce", "reduction"),
    (r"memcpy|memset|copy|catarray|gather|index", "data movement"),
    (r"elementwise", "elementwise"),
)
"""Kernels that no operator launched, as CuPy's, Numba's and Triton's are: by their own names."""


class Kernel(NamedTuple):
    """On the device, in nanoseconds of the host's clock. operator: the number of the span that launched it."""

    name: str
    start: int
    end: int
    operator: int = 0


@dataclass(frozen=True)
class Call:
    """One synchronised call. plain_ns: one like it without the profiler; start, end: of the observed one."""

    plain_ns: float
    start: int
    end: int
    spans: Sequence[Span]
    kernels: Sequence[Kernel]


def parts_of(call: Call) -> dict[str, float]:
    """Nanoseconds by part, which add up to the observed call. Of kernels that overlap, the earlier has the time."""
    kinds = {own.number: own.kind for own in self_times(call.spans)}
    parts: dict[str, float] = defaultdict(float, {DISPATCH: 0.0, ALLOCATION: 0.0, WAITING: 0.0})
    now, part = call.start, DISPATCH
    for kernel in sorted(call.kernels, key=lambda one: one.start):
        if kernel.start > now:
            parts[part] += kernel.start - now
            now = kernel.start
        part = WAITING
        busy = min(kernel.end, call.end) - now
        if busy > 0:
            parts[kind_of_kernel(kernel, kinds.get(kernel.operator, OTHER))] += busy
            now += busy
    parts[part] += call.end - now
    return dict(parts)


def kind_of_kernel(kernel: Kernel, of_operator: str) -> str:
    """That of the operator that launched it, where an operator did; else by its name."""
    if is_work(of_operator) and of_operator not in (OTHER, COMPILED):
        return of_operator
    named = (kind for pattern, kind in _BY_NAME if re.search(pattern, kernel.name, re.IGNORECASE))
    return next(named, of_operator if is_work(of_operator) else OTHER)


def split_of(calls: Sequence[Call]) -> Split | None:
    """Means over the middle half of the calls. None where the device ran nothing.

    What observing adds, observed less plain, is the host's doing and taken out of dispatch, as far as that goes.
    """
    if not any(call.kernels for call in calls):
        return None
    ranked = sorted(calls, key=lambda call: call.end - call.start)
    edge = len(ranked) // 4
    kept = ranked[edge : len(ranked) - edge]
    parts = mean_of([parts_of(call) for call in kept])
    plain_ns = fmean(sorted(call.plain_ns for call in calls)[edge : len(ranked) - edge])
    added = sum(parts.values()) - plain_ns
    parts[DISPATCH] -= min(max(added, 0.0), parts[DISPATCH])
    return Split({name: ns / 1e9 for name, ns in parts.items()}, plain_ns / 1e9)
