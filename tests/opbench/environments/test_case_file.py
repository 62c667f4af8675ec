"""Cases go to a file and come back the same, each under a name of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from opbench import Axes, Case, Point
from opbench.custom.difference import case_names
from opbench.environments.case_file import named, parameters, read_cases, write_cases

CASES = [
    Case(Point("mine", Axes({"rows": rows, "kind": "odd"}), dtype), backend, replica)
    for rows in (1, 7)
    for dtype in ("float32", "bfloat16")
    for backend, replica in (("a:flat", 0), ("a:flat", 1))
]


def test_cases_come_back_the_same_and_in_order(tmp_path: Path) -> None:
    cases = named(CASES, case_names(CASES))
    write_cases(tmp_path / "cases.json", cases)
    found = read_cases(tmp_path / "cases.json")
    assert list(found.items()) == list(cases.items())
    assert "a:flat#2 rows=7 bfloat16" in found


def test_names_that_are_not_unique_give_way_to_keys() -> None:
    assert list(named(CASES, lambda case: case.backend)) == [case.key for case in CASES]


def test_parameters_tell_any_two_cases_apart() -> None:
    assert len({tuple(parameters(case).items()) for case in CASES}) == len(CASES)


def test_a_file_of_something_else_is_a_value_error(tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text("{")
    with pytest.raises(ValueError, match="Expecting property name"):
        read_cases(tmp_path / "cases.json")
