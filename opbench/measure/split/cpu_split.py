"""From the profiler's spans of a CPU's calls to where one call's time goes. No torch here: spans are plain numbers.

Self times are sorted by kind. The profiler's own overhead, calibrated by `overhead_calibration.py`, is taken out where
it was put in, and what an operator takes on one element is its dispatch. Nothing is scaled: that the parts add up to
the time without a profiler is a result, and `call_split.explain_miss` says where it fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import NamedTuple

from opbench.measure.split.call_split import Split, mean_parts, middle_half
from opbench.measure.split.kinds import ALLOCATION, COMPILED, DISPATCH, is_work, operator_kind
from opbench.measure.split.spans import SelfTime, Span, self_times

MIN_OVERHEAD_FACTOR, MAX_OVERHEAD_FACTOR = 0.8, 2.2
"""What the profiler adds per span, in terms of the calibrated, in any launch. It was 0.9 times that for calls of three
operators in a loop and 2.0 for a Ghost module's, which leave nothing of the profiler in the first caches (AMD EPYC
9004).
"""


class CompiledOverhead(NamedTuple):
    """Of a graph that torch.compile made, in nanoseconds.

    added_ns: what observing it adds beyond its spans, since Python draws them.
    one_element_ns: its self time with one element to compute.
    """

    added_ns: float = 0.0
    one_element_ns: float = 0.0


@dataclass(frozen=True)
class ProfilerOverhead:
    """What the profiler adds, and what operators take with nothing to compute, in nanoseconds.

    top_level_ns: added to a call for a span that Python calls.
    nested_ns: added to a call for a span inside another.
    inside_ns: the share of it that lies within the span.
    one_element_ns: by operator, its self time on one element.
    default_one_element_ns: the same of operators that were not tried.
    """

    top_level_ns: float = 0.0
    nested_ns: float = 0.0
    inside_ns: float = 0.0
    one_element_ns: Mapping[str, float] = field(default_factory=dict)
    default_one_element_ns: float = 0.0
    compiled: CompiledOverhead = field(default_factory=CompiledOverhead)

    def scaled(self, factor: float) -> ProfilerOverhead:
        """The same where observing costs `factor` times as much."""
        return replace(
            self,
            top_level_ns=factor * self.top_level_ns,
            nested_ns=factor * self.nested_ns,
            compiled=self.compiled._replace(added_ns=factor * self.compiled.added_ns),
        )

    def added_ns(self, span: SelfTime) -> float:
        """What observing the span added to the call."""
        around = self.nested_ns if span.depth else self.top_level_ns
        return around + (self.compiled.added_ns if span.kind == COMPILED else 0.0)

    def fixed_ns(self, span: SelfTime) -> float:
        """What the span's operator takes, observed, with nothing to compute."""
        if span.kind == COMPILED:
            return self.compiled.one_element_ns
        return self.one_element_ns.get(span.name, self.default_one_element_ns)


@dataclass(frozen=True)
class CallGroup:
    """Some calls in a row, made once without the profiler and once with it.

    plain_ns: nanoseconds of one call without it.
    profiled_ns: nanoseconds of all calls with it.
    """

    calls: int
    plain_ns: float
    profiled_ns: float
    spans: Sequence[Span]


def group_parts(group: CallGroup, overhead: ProfilerOverhead) -> dict[str, float]:
    """Return seconds of one call by part, which add up to the group's time less what the profiler took."""
    parts: dict[str, float] = defaultdict(float, {DISPATCH: group.profiled_ns - overhead.inside_ns, ALLOCATION: 0.0})
    for span in self_times(group.spans, overhead.nested_ns - overhead.inside_ns):
        ns = 0.0
        if span.kind == ALLOCATION:
            ns = max(0.0, span.ns - overhead.inside_ns)
        elif is_work(span.kind):
            ns = max(0.0, span.ns - overhead.fixed_ns(span))
        parts[span.kind] += ns
        parts[DISPATCH] -= ns + overhead.added_ns(span)
    return {part: ns / group.calls / 1e9 for part, ns in parts.items()}


def split_cpu_calls(groups: Sequence[CallGroup], overhead: ProfilerOverhead) -> Split | None:
    """Return means over the middle half of the groups, which still add up; None where no operator was seen."""
    if not any(is_work(operator_kind(span.name)) for group in groups for span in group.spans):
        return None
    typical = middle_half(groups, lambda group: group.profiled_ns / group.calls)
    plain_ns = fmean(group.plain_ns for group in middle_half(groups, lambda group: group.plain_ns))
    scaled = overhead.scaled(overhead_factor(typical, plain_ns, overhead))
    return Split(mean_parts([group_parts(group, scaled) for group in typical]), plain_ns / 1e9)


def overhead_factor(groups: Sequence[CallGroup], plain_ns: float, overhead: ProfilerOverhead) -> float:
    """Return how many times the calibrated overhead the profiler adds to these calls, within the two bounds.

    Measured on the calls themselves: profiled less plain. The bounds are what keeps the sum of the parts a test: a
    machine that changed its speed in between cannot hide in the profiler's overhead.
    """
    calibrated_ns = fmean(sum(map(overhead.added_ns, self_times(group.spans))) / group.calls for group in groups)
    profiled_ns = fmean((group.profiled_ns - overhead.inside_ns) / group.calls for group in groups)
    if not calibrated_ns:
        return 1.0
    return min(max((profiled_ns - plain_ns) / calibrated_ns, MIN_OVERHEAD_FACTOR), MAX_OVERHEAD_FACTOR)
