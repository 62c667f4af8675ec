"""The summary figures of a pytest-benchmark entry, as that tool defines them, so that others can read our files.

The gate itself uses none of them. They are computed here because pytest-benchmark is needed only by those who write
benchmarks as tests, not by those who read the result.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import median
from typing import Any

FENCE = 1.5
"""Tukey's: a sample further than this many interquartile ranges outside of the quartiles is an outlier."""


def statistics_of(samples_s: Sequence[float], calls: int) -> dict[str, Any]:
    """The `stats` object of at least one sample in seconds per call, samples included in the order given."""
    ordered = sorted(samples_s)
    count, total = len(ordered), math.fsum(ordered)
    mean = total / count
    deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in ordered) / (count - 1)) if count > 1 else 0.0
    q1, q3 = quartiles(ordered)
    low, high = q1 - FENCE * (q3 - q1), q3 + FENCE * (q3 - q1)
    far = _outside(ordered, mean - deviation, mean + deviation)
    beyond = _outside(ordered, low, high)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": deviation,
        "rounds": count,
        "median": median(ordered),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": beyond,
        "stddev_outliers": far,
        "outliers": f"{far};{beyond}",
        "ld15iqr": ordered[bisect_left(ordered, low)],
        "hd15iqr": ordered[bisect_right(ordered, high) - 1],
        "ops": count / total if total else 0,
        "total": total,
        "data": list(samples_s),
        "iterations": calls,
    }


def quartiles(ordered: Sequence[float]) -> tuple[float, float]:
    """First and third: medians of the halves; of an odd number of samples, each half takes its share of the middle."""
    whole, left = divmod(len(ordered), 4)
    if len(ordered) == 1:
        return ordered[0], ordered[0]
    if left % 2 == 0:
        half = len(ordered) // 2
        return median(ordered[:half]), median(ordered[half:])
    if left == 1:
        first = 0.25 * ordered[whole - 1] + 0.75 * ordered[whole]
        return first, 0.75 * ordered[3 * whole] + 0.25 * ordered[3 * whole + 1]
    first = 0.75 * ordered[whole] + 0.25 * ordered[whole + 1]
    return first, 0.25 * ordered[3 * whole + 1] + 0.75 * ordered[3 * whole + 2]


def _outside(ordered: Sequence[float], low: float, high: float) -> int:
    return bisect_left(ordered, low) + len(ordered) - bisect_right(ordered, high)
