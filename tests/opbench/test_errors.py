"""Exceptions in one line, whatever their message looks like."""

from __future__ import annotations

import pytest

from opbench.errors import describe_exception, first_line


@pytest.mark.parametrize(
    ("text", "line"),
    [("", ""), (" \n\t\n", ""), ("one", "one"), ("\n  first \nsecond", "first"), (ValueError("a\r\nb"), "a")],
)
def test_the_first_line_that_says_something_is_taken(text: object, line: str) -> None:
    assert first_line(text) == line


@pytest.mark.parametrize(("message", "line"), [("boom\nat line 7", "RuntimeError: boom"), (" \n", "RuntimeError")])
def test_an_exception_is_its_type_and_what_it_says_first(message: str, line: str) -> None:
    assert describe_exception(RuntimeError(message)) == line
