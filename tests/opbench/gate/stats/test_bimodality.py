"""A slow mode is named, a difference between the sides or plain noise is not."""

from __future__ import annotations

import numpy as np
import pytest

from opbench.gate.stats.bimodality import find_slow_mode

HEAD = np.arange(12) % 2 == 1
RANDOM = np.random.default_rng(26)


def noise() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return RANDOM.normal(scale=0.01, size=12)


@pytest.mark.parametrize("slow", [(0,), (1,), (0, 1), (0, 2, 5), (1, 3, 5)])
def test_workers_slower_by_2_6_are_named(slow: tuple[int, ...]) -> None:
    values = noise()
    values[list(slow)] += np.log(2.6)
    mode = find_slow_mode(values, HEAD)
    assert mode is not None
    assert (mode.base, mode.head) == (sum(number % 2 == 0 for number in slow), sum(number % 2 for number in slow))
    assert mode.factor == pytest.approx(2.6, rel=0.05)


def test_slow_workers_need_not_be_alike() -> None:
    values = noise()
    values[[1, 3, 5]] += np.log([1.5, 2.0, 3.0])
    mode = find_slow_mode(values, HEAD)
    assert mode is not None
    assert (mode.base, mode.head) == (0, 3)
    assert mode.factor == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize(
    ("base", "head", "alone"), [(0, 1, True), (0, 3, True), (1, 3, False), (1, 1, False), (1, 0, False)]
)
def test_a_slow_group_is_heads_alone_where_base_has_none(base: int, head: int, alone: bool) -> None:
    values = noise()
    values[[*range(0, 2 * base, 2), *range(1, 2 * head, 2)]] += np.log(2)
    mode = find_slow_mode(values, HEAD)
    assert mode is not None
    assert mode.only_in_head is alone
    assert ("that base does not have" in str(mode)) is alone


def test_a_worker_of_base_that_is_a_little_slow_does_not_hide_much_slower_ones_of_head() -> None:
    values = noise() / 10
    values[0] += np.log(1.1)
    values[[1, 3]] += np.log(2.6)
    mode = find_slow_mode(values, HEAD)
    assert mode is not None
    assert mode.only_in_head
    assert (mode.base, mode.head) == (0, 2)


def test_a_slower_head_is_no_mode() -> None:
    assert find_slow_mode(noise() + np.where(HEAD, 0.5, 0.0), HEAD) is None


def test_noise_is_a_mode_in_less_than_one_of_a_hundred() -> None:
    assert sum(find_slow_mode(noise() * 10, HEAD) is not None for _ in range(2000)) < 20


def test_groups_nearer_than_five_percent_are_spread() -> None:
    values = np.zeros(12)
    values[0] = 0.04
    assert find_slow_mode(values, HEAD) is None
