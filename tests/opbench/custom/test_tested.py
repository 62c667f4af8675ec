"""What a comparison means for its test, and what becomes of a session's records."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opbench import Axes, Case, Check, Contended, Failed, Measured, Mismatch, Outcome, Point, Record, Unavailable
from opbench.custom.result import Result
from opbench.custom.tested import Judgement, Kept, checked, judged, written
from opbench.errors import UsageError
from opbench.store.runs import latest_run
from opbench.vocabulary.record import NOT_TIMED

PASSED = Check(True, 3, 0, 0.0, 0.0, 0.0, 0.0)
MISSED = Check(False, 3, 2, 1.0, 1.0, 0.0, 0.0, "first at (1,): got nan, expected 1")
GOOD = Measured(PASSED, (1e-5,) * 7, 1, "target", 0.0, 1, 0.0, 0.0)
MARKED = Measured(PASSED, (1e-5,) * 7, 1, "target", 0.0, 1, 0.0, 0.0, contention="others used 1 of 2 cores")


def records(*outcomes: Outcome, operator: str = "test_it.test_this", rows: int = 3) -> list[Record]:
    point = Point(operator, Axes({"rows": rows}))
    return [Record(Case(point, f"f{number}"), one, {}, "abc", "now") for number, one in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([GOOD, MARKED, Unavailable(NOT_TIMED)], Judgement()),
        (
            [GOOD, Mismatch(MISSED), Contended("busy")],
            Judgement(
                wrong="opbench: f1 (rows=3, float32): MISMATCH: 2 of 3 elements; first at (1,): got nan, expected 1"
            ),
        ),
        (
            [Failed("prepare", "no"), Failed("check", "x\x1b[2Jy")],
            Judgement(
                wrong="opbench: f0 (rows=3, float32): FAILED in prepare: no\n"
                r"f1 (rows=3, float32): FAILED in check: x\x1b[2Jy"
            ),
        ),
        (
            [Contended("busy"), Unavailable("no GPU")],
            Judgement(nothing="opbench: nothing measured: f0 (rows=3, float32): CONTENDED: busy"),
        ),
        (
            [GOOD, Unavailable("no GPU")],
            Judgement(missing="opbench: not measured: f1 (rows=3, float32): unavailable: no GPU"),
        ),
    ],
)
def test_what_is_wrong_goes_before_what_is_missing_and_what_is_marked_is_neither(
    outcomes: list[Outcome], expected: Judgement
) -> None:
    assert judged(records(*outcomes)) == expected


def carried(*results: Result) -> dict[str, dict[str, list[str]]]:
    found = {}
    for number, result in enumerate(results):
        kept = Kept()
        kept.add(result)
        found[f"test_it.py::test_{number}"] = kept.carried()
    return found


def test_a_sessions_records_are_a_run_and_its_table_has_each_case_without_reasons(tmp_path: Path) -> None:
    first = records(GOOD, MARKED, Mismatch(MISSED), Contended("a long reason"))
    second = records(GOOD, operator="test_it.test_that")
    told = written(carried(Result(first, ["a note"]), Result(second, ["a note"])), tmp_path)
    run = latest_run(tmp_path, "pytest")
    assert run.records() == first + second
    lines = told.splitlines()
    assert [line.split() for line in lines if re.search(r" f\d", line)] == [
        ["test_it.test_this", "rows=3", "f0", "10.0", "µs", "0", "%"],
        ["f1", "10.0", "µs", "0", "%", "contended"],
        ["f2", "-", "-", "mismatch"],
        ["f3", "-", "-", "contended"],
        ["test_it.test_that", "rows=3", "f0", "10.0", "µs", "0", "%"],
    ]
    assert lines.count("a note") == 1
    assert "3 of 5 cases measured, 1 of them beside other work; 1 contended" in lines
    assert f"records: {run.folder}" in lines
    assert "long reason" not in told


def test_of_many_cases_the_table_has_a_row_a_callable(tmp_path: Path) -> None:
    many = [record for rows in range(41) for record in records(GOOD, rows=rows)]
    told = written(carried(Result(many)), tmp_path)
    assert len(told.splitlines()) < 20
    assert "41 of 41 cases measured" in told


def test_a_case_of_a_name_that_another_test_has_is_left_out_and_told(tmp_path: Path) -> None:
    first, second = records(GOOD), records(MARKED)
    told = written(carried(Result(first), Result(second)), tmp_path)
    assert latest_run(tmp_path, "pytest").records() == first
    assert f"test_it.py::test_1: {second[0].case.key} is on record already and left out" in told


def test_where_nothing_was_to_be_timed_it_is_counted_and_nothing_is_written(tmp_path: Path) -> None:
    outcomes = (Unavailable(NOT_TIMED), Mismatch(MISSED), Failed("check", "no"), Unavailable("no GPU"))
    told = checked(carried(Result(records(*outcomes))))
    assert told == "4 cases checked and not timed (--opbench-disable), 2 wrong, 1 unavailable"
    assert list(tmp_path.iterdir()) == []


def test_results_that_cannot_be_written_are_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="expected a folder"):
        written(carried(Result(records(GOOD))), tmp_path / "file")
