"""Many rows in one test: a row that takes a millisecond costs pytest and its workers ten more as a test of its own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Test = Callable[..., None]


def rows(names: str, values: Iterable[Any]) -> Callable[[Test], Test]:
    """As `pytest.mark.parametrize`, inside one test: the first row that fails is named at the end of the traceback.

    For rows that share their reason to fail: what fails in one of these tables is one fault, and seldom one row. All
    rows of a test share its fixtures. Raises ValueError for a table without rows; a row may not be skipped, because
    those behind it would be too.
    """
    keys = [one.strip() for one in names.split(",")]
    table = [dict(zip(keys, one if len(keys) > 1 else (one,), strict=True)) for one in values]
    if not table:
        raise ValueError(f"no rows for {names}: such a test would pass without testing anything")

    def in_one_test(test: Test) -> Test:
        @functools.wraps(test)
        def every_row(**given: Any) -> None:
            for row in table:
                try:
                    test(**given, **row)
                except pytest.skip.Exception as skipped:
                    if str(skipped).startswith("--quick"):
                        raise  # asked for: whatever row starts a process, none of the rest would be worth it either
                    raise AssertionError(f"a row was skipped, and all behind it with it: {row}: {skipped}") from skipped
                except BaseException as failed:
                    failed.add_note(f"in the row {', '.join(f'{name} = {value}' for name, value in row.items())}")
                    raise

        signature = inspect.signature(test)
        kept = [one for name, one in signature.parameters.items() if name not in keys]
        every_row.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]  # pytest asks for it
        return every_row

    return in_one_test
