"""Means over seeds as they are printed."""

from __future__ import annotations

import math

from opbench.vocabulary.interval import Interval


def in_percent(estimate: Interval, sign: str = "") -> str:
    """Shares such as "98.52 [97.90, 99.14]"; without brackets for a single value. sign: "+" shows it always."""
    low, mid, high = (f"{100 * value:{sign}.2f}" for value in (estimate.low, estimate.mid, estimate.high))
    return f"{mid} (one seed)" if math.isinf(estimate.high) else f"{mid} [{low}, {high}]"
