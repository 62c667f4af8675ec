"""A table in one test runs every row, names the one that fails, and cannot be empty or skipped in the middle."""

from __future__ import annotations

import inspect

import pytest

from .rows import rows


def test_every_row_is_run_with_every_row_of_the_other_table() -> None:
    seen: list[tuple[int, str, str, str]] = []

    @rows("a, b", [(1, "x"), (2, "y")])
    @rows("c", "pq")
    def table(a: int, b: str, c: str, fixture: str) -> None:
        seen.append((a, b, c, fixture))

    assert list(inspect.signature(table).parameters) == ["fixture"]
    table(fixture="f")
    assert seen == [(1, "x", "p", "f"), (1, "x", "q", "f"), (2, "y", "p", "f"), (2, "y", "q", "f")]


def test_the_row_that_fails_is_named() -> None:
    @rows("n, text", [(1, "one"), (2, "two"), (3, "three")])
    def table(n: int, text: str) -> None:
        assert n != 2

    with pytest.raises(AssertionError) as caught:
        table()
    assert caught.value.__notes__ == ["in the row n = 2, text = two"]


def test_a_row_cannot_be_skipped() -> None:
    @rows("n", [1, 2])
    def table(n: int) -> None:
        pytest.skip("not today")

    with pytest.raises(AssertionError, match=r"a row was skipped.*'n': 1.*not today"):
        table()


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="no rows for n"):
        rows("n", [])
