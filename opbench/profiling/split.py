"""From the profiler's spans of a CPU's calls to where one call's time goes. No torch here: spans are plain numbers.

A span's self time is what no span inside it takes. Self times are sorted by `kinds.kind_of`. The profiler's own cost,
calibrated (`costs.py`), is taken out where it was put in, and what an operator takes on one element is its dispatch.
Nothing is scaled: that the parts add up to the time without a profiler is a result, and `verdict` says where it fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import NamedTuple, TypeVar

from opbench.profiling.kinds import ALLOCATION, COMPILED, DISPATCH, is_work, kind_of, passes_on

TOLERANCE = 0.05
"""Parts that miss the measured median by more are told as such."""

WARM, COLD = 0.8, 2.2
"""What the profiler adds per span, in terms of the calibrated, in any launch. It was 0.9 times that for calls of three
operators in a loop and 2.0 for a Ghost module's, which leave nothing of the profiler in the first caches (AMD EPYC
9004).
"""

Timed = TypeVar("Timed")


class Span(NamedTuple):
    """An operator, or another range that the profiler saw: nanoseconds on one clock. number: by which a kernel names
    the operator that launched it.
    """

    name: str
    start: int
    end: int
    number: int = 0


class Own(NamedTuple):
    """A span's self time in nanoseconds, how deep it lies (0: not inside another) and how many lie directly in it."""

    name: str
    kind: str
    ns: float
    depth: int
    children: int
    number: int = 0


class Compiled(NamedTuple):
    """Of a graph that torch.compile made, in nanoseconds: what observing it adds beyond its spans, since Python draws
    them, and its self time with one element to compute.
    """

    added: float = 0.0
    smallest: float = 0.0


@dataclass(frozen=True)
class Costs:
    """What the profiler adds, in nanoseconds. top, nested: to a call, for a span that Python calls and for one inside
    another. inside: the share of it that lies within the span.

    smallest: by operator, its self time on one element; `otherwise` for those that were not tried.
    """

    top: float = 0.0
    nested: float = 0.0
    inside: float = 0.0
    smallest: Mapping[str, float] = field(default_factory=dict)
    otherwise: float = 0.0
    compiled: Compiled = field(default_factory=Compiled)

    def times(self, factor: float) -> Costs:
        """The same where observing costs that many times as much."""
        compiled = self.compiled._replace(added=factor * self.compiled.added)
        return replace(self, top=factor * self.top, nested=factor * self.nested, compiled=compiled)

    def added(self, own: Own) -> float:
        """What observing the span added to the call."""
        return (self.nested if own.depth else self.top) + (self.compiled.added if own.kind == COMPILED else 0.0)

    def fixed(self, own: Own) -> float:
        """What its operator takes, observed, with nothing to compute."""
        return self.compiled.smallest if own.kind == COMPILED else self.smallest.get(own.name, self.otherwise)


@dataclass(frozen=True)
class Group:
    """Some calls in a row, each way. plain_ns: one call without the profiler; traced_ns: the range of all of them."""

    calls: int
    plain_ns: float
    traced_ns: float
    spans: Sequence[Span]


def self_times(spans: Iterable[Span], nested_outside: float = 0.0) -> list[Own]:
    """Self time of every span. nested_outside: what the profiler adds to a span for each one directly inside it.

    The kind of a span inside one that passes its kind on is that one's, but memory made inside it is still memory.
    """
    found: list[Own] = []
    open_: list[tuple[Span, str, int, int]] = []  # span, kind, nanoseconds in children, children

    def close() -> None:
        span, kind, inner, children = open_.pop()
        own = span.end - span.start - inner - children * nested_outside
        found.append(Own(span.name, kind, own, len(open_), children, span.number))
        if open_:
            parent, of_parent, taken, count = open_[-1]
            open_[-1] = (parent, of_parent, taken + span.end - span.start, count + 1)

    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        while open_ and open_[-1][0].end <= span.start:
            close()
        kind = kind_of(span.name)
        if open_ and passes_on(above := open_[-1][1]) and kind != ALLOCATION:
            kind = above
        open_.append((span, kind, 0, 0))
    while open_:
        close()
    return found


def parts_of(group: Group, costs: Costs) -> dict[str, float]:
    """Seconds of one call by part, summed up to the group's time less what the profiler took."""
    parts: dict[str, float] = defaultdict(float, {DISPATCH: group.traced_ns - costs.inside, ALLOCATION: 0.0})
    for own in self_times(group.spans, costs.nested - costs.inside):
        if own.kind == ALLOCATION:
            mine = max(0.0, own.ns - costs.inside)
        elif is_work(own.kind):
            mine = max(0.0, own.ns - costs.fixed(own))
        else:
            mine = 0.0
        parts[own.kind] += mine
        parts[DISPATCH] -= mine + costs.added(own)
    return {name: ns / group.calls / 1e9 for name, ns in parts.items()}


def mean_of(every: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean by part, which adds up to the mean of the sums; a part that one of them lacks is 0 there."""
    names = dict.fromkeys(name for parts in every for name in parts)
    return {name: fmean(parts.get(name, 0.0) for parts in every) for name in names}


def middle(every: Sequence[Timed], duration: Callable[[Timed], float]) -> list[Timed]:
    """The middle half by duration, at least one: what somebody else's burst hit is left out, and so is its opposite."""
    ranked = sorted(every, key=duration)
    edge = len(ranked) // 4 if len(ranked) > 3 else (len(ranked) - 1) // 2
    return ranked[edge : len(ranked) - edge]


@dataclass(frozen=True)
class Split:
    """Where one call's time goes, in seconds by part; plain_s: one call without the profiler, measured beside it."""

    parts: Mapping[str, float]
    plain_s: float

    @property
    def whole_s(self) -> float:
        return sum(self.parts.values())

    def miss(self, median_s: float) -> float:
        """How far the parts' sum is from the measured median, as a share of that: 0.05 is 5 % too much."""
        return self.whole_s / median_s - 1


def split_of(groups: Sequence[Group], costs: Costs) -> Split | None:
    """Means over the middle half of the groups, which still add up. None where no operator of any kind was seen."""
    if not any(is_work(kind_of(span.name)) for group in groups for span in group.spans):
        return None
    kept = middle(groups, lambda group: group.traced_ns / group.calls)
    plain_ns = fmean(group.plain_ns for group in middle(groups, lambda group: group.plain_ns))
    here = costs.times(coldness(kept, plain_ns, costs))
    return Split(mean_of([parts_of(group, here) for group in kept]), plain_ns / 1e9)


def coldness(groups: Sequence[Group], plain_ns: float, costs: Costs) -> float:
    """How many times what was calibrated the profiler adds to these calls, within WARM and COLD.

    Measured on the calls themselves: observed less plain. The bounds are what keeps the sum of the parts a test: a
    machine that changed its speed in between cannot hide in the profiler's cost.
    """
    added = fmean(sum(map(costs.added, self_times(group.spans))) / group.calls for group in groups)
    seen = fmean((group.traced_ns - costs.inside) / group.calls for group in groups) - plain_ns
    return min(max(seen / added, WARM), COLD) if added else 1.0


def verdict(split: Split, median_s: float) -> str:
    """Empty where the parts add up to the median within TOLERANCE; else a sentence: by how much not, and why."""
    miss = split.miss(median_s)
    if abs(miss) <= TOLERANCE:
        return ""
    beside = split.plain_s / median_s - 1
    words = f"the parts add up to {abs(miss):.0%} {'more' if miss > 0 else 'less'} than the median"
    if abs(beside) > TOLERANCE / 2:
        told = f"{abs(beside):.0%} {'slower' if beside > 0 else 'quicker'}"
        return f"{words}: calls beside the split ones, without the profiler, were {told} than when they were timed"
    return f"{words}: observing changes this call by more than the profiler's calibrated cost explains"
