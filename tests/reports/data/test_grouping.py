"""Groups keep every item once, in order, whatever the key."""

from __future__ import annotations

from itertools import chain

import pytest

from reports.data.grouping import grouped
from reports.data.naming import counted


def test_groups_come_in_the_order_of_their_first_item_and_items_in_their_own() -> None:
    groups = grouped([7, 2, 5, 4, 1], lambda number: number % 2)
    assert list(groups.items()) == [(1, [7, 5, 1]), (0, [2, 4])]


@pytest.mark.parametrize("count", [0, 1, 13])
def test_no_item_is_lost_or_doubled(count: int) -> None:
    groups = grouped(iter(range(count)), lambda number: number % 5)
    assert sorted(chain.from_iterable(groups.values())) == list(range(count))
    assert len(groups) == min(count, 5)


def test_items_that_are_equal_are_all_kept() -> None:
    assert grouped(["a", "a"], len) == {1: ["a", "a"]}


@pytest.mark.parametrize(("count", "text"), [(0, "0 cells"), (1, "1 cell"), (2, "2 cells"), (17, "17 cells")])
def test_one_is_the_only_number_without_an_s(count: int, text: str) -> None:
    assert counted(count, "cell") == text
