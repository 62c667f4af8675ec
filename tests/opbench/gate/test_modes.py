"""A slow mode is named, a difference between the sides or plain noise is not."""

from __future__ import annotations

import numpy as np
import pytest

from opbench.gate.modes import slow_mode

HEAD = np.arange(12) % 2 == 1
RANDOM = np.random.default_rng(26)


def noise() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return RANDOM.normal(scale=0.01, size=12)


@pytest.mark.parametrize("slow", [(0,), (1,), (0, 1), (0, 2, 5), (1, 3, 5)])
def test_workers_slower_by_2_6_are_named(slow: tuple[int, ...]) -> None:
    values = noise()
    values[list(slow)] += np.log(2.6)
    found = slow_mode(values, HEAD)
    assert found is not None
    assert (found.base, found.head) == (sum(one % 2 == 0 for one in slow), sum(one % 2 for one in slow))
    assert found.factor == pytest.approx(2.6, rel=0.05)


def test_a_slower_head_is_no_mode() -> None:
    assert slow_mode(noise() + np.where(HEAD, 0.5, 0.0), HEAD) is None


def test_noise_is_a_mode_in_less_than_one_of_a_hundred() -> None:
    assert sum(slow_mode(noise() * 10, HEAD) is not None for _ in range(2000)) < 20


def test_groups_nearer_than_five_percent_are_spread() -> None:
    values = np.zeros(12)
    values[0] = 0.04
    assert slow_mode(values, HEAD) is None
