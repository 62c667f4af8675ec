"""Means over seeds and how sure we are of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from opbench.vocabulary.interval import CONFIDENCE, Interval


def mean_interval(values: Sequence[float]) -> Interval:
    """Mean of independent values and its 95 % interval by Student's t, which assumes them about normal.

    With few seeds it is wide, and should be: 4.3 standard errors either way for three. One value says nothing about
    spread: its interval is everything. Raises ValueError for none.
    """
    count = len(values)
    if count == 0:
        raise ValueError("no values: a mean needs at least one")
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(-math.inf, mean, math.inf)
    from scipy.stats import t

    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = float(t.ppf((1 + CONFIDENCE) / 2, count - 1)) * deviation / math.sqrt(count)
    return Interval(mean - half, mean, mean + half)


def in_percent(estimate: Interval, sign: str = "") -> str:
    """Shares such as "98.52 [97.90, 99.14]"; without brackets for a single value. sign: "+" shows it always."""
    low, mid, high = (f"{100 * value:{sign}.2f}" for value in (estimate.low, estimate.mid, estimate.high))
    return f"{mid} (one seed)" if math.isinf(estimate.high) else f"{mid} [{low}, {high}]"
