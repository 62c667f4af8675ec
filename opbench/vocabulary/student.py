"""The mean of independent values, such as of seeds, and how sure we are of it."""

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
