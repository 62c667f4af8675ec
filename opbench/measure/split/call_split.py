"""The split of one call's time into parts, and whether the parts add up to the median that was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

TOLERANCE = 0.05
"""Share of the measured median by which the sum of the parts may miss it before the record says so."""

T = TypeVar("T")


@dataclass(frozen=True)
class Split:
    """Where one call's time goes.

    parts: seconds by part: `dispatch`, `allocation`, on a GPU `waiting`, and kinds of operators.
    plain_s: seconds of one call without the profiler, measured beside it.
    """

    parts: Mapping[str, float]
    plain_s: float

    @property
    def sum_s(self) -> float:
        return sum(self.parts.values())

    def miss(self, median_s: float) -> float:
        """How far the sum is from the measured median, as a share of that: 0.05 is 5 % too much."""
        return self.sum_s / median_s - 1


def explain_miss(split: Split, median_s: float) -> str:
    """Return "" where the parts add up to the median within TOLERANCE; else by how much they do not, and why."""
    miss = split.miss(median_s)
    if abs(miss) <= TOLERANCE:
        return ""
    plain_miss = split.plain_s / median_s - 1
    sentence = f"the parts add up to {abs(miss):.0%} {'more' if miss > 0 else 'less'} than the median"
    if abs(plain_miss) > TOLERANCE / 2:
        change = f"{abs(plain_miss):.0%} {'slower' if plain_miss > 0 else 'quicker'}"
        return f"{sentence}: calls beside the split ones, without the profiler, were {change} than when they were timed"
    return f"{sentence}: observing changes this call by more than the profiler's calibrated cost explains"


def mean_parts(parts_of_calls: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean by part, which adds up to the mean of the sums; a part that one of them lacks is 0 there."""
    names = dict.fromkeys(name for parts in parts_of_calls for name in parts)
    return {name: fmean(parts.get(name, 0.0) for parts in parts_of_calls) for name in names}


def middle_half(items: Sequence[T], duration: Callable[[T], float]) -> list[T]:
    """Return the middle half by duration, at least one item: bursts of other processes are left out at either end."""
    ranked = sorted(items, key=duration)
    edge = len(ranked) // 4 if len(ranked) > 3 else (len(ranked) - 1) // 2
    return ranked[edge : len(ranked) - edge]
