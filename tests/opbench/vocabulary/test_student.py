"""The mean of a few values: its interval is Student's, and one value has none."""

from __future__ import annotations

import math

import pytest

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.student import mean_interval


def test_a_mean_has_students_interval() -> None:
    actual = mean_interval([1.0, 2.0, 3.0])
    assert (actual.low, actual.mid, actual.high) == pytest.approx((2 - 2.4841377, 2, 2 + 2.4841377))
    assert mean_interval([4.0, 4.0]) == Interval(4, 4, 4)
    assert mean_interval([4.0]) == Interval(-math.inf, 4, math.inf)
    with pytest.raises(ValueError, match="no values"):
        mean_interval([])
