"""Medians of a few values: NumPy's to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from opbench.gate.stats.medians import median, medians


@pytest.mark.parametrize("count", [1, 2, 3, 4, 11, 12])
def test_they_are_those_of_numpy_to_the_last_bit(count: int) -> None:
    values = np.random.default_rng(count).normal(size=(count, 9))
    values[0, :3] = values[-1, :3]  # ties
    assert np.array_equal(medians(values), np.median(values, axis=0))
    assert [median(column) for column in values.T] == list(np.median(values, axis=0))
    assert median(values) == np.median(values)


def test_a_value_that_is_no_number_spoils_its_own_median_and_no_other() -> None:
    values = np.arange(12.0).reshape(4, 3)
    values[1, 2] = np.nan
    assert np.array_equal(medians(values), np.array([4.5, 5.5, np.nan]), equal_nan=True)
    assert np.isnan(median(values))
