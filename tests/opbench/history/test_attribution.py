"""What a step coincides with: environment, controls, other machines; never `code` by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from opbench.errors import UsageError
from opbench.history.attribution import Cause, Movement, Span, any_meets, movements, require_controls, span_of
from opbench.history.row import HistoryRow
from opbench.history.series import series_of

from .builders import at_commit, commit, facts, line, table_of

COUNT, AT = 31, 17


def values(ratio: float = 1.1, at: int = AT) -> list[float]:
    steady = 1 + 0.004 * np.sin(7.3 * np.arange(COUNT) ** 1.1)
    steady[at:] *= ratio
    return [float(one) for one in steady]


def moved(rows: Sequence[HistoryRow], controls: Sequence[str] = ("write",)) -> dict[str, Movement]:
    """By case; each of these has one step at most."""
    found = movements(list(series_of(table_of(rows))), controls)
    assert len({(one.series.case, one.series.machine) for one in found}) == len(found)
    return {one.series.case: one for one in found}


def control(ratio: float, at: int = AT) -> list[HistoryRow]:
    return line(values(ratio, at), case="control", operator="write")


@pytest.mark.parametrize(
    ("ratio", "at", "cause"),
    [(1.1, AT, "hardware"), (1.0, AT, "unconfirmed"), (0.9, AT, "unconfirmed"), (1.1, AT - 8, "unconfirmed")],
)
def test_controls_that_move_with_it_say_hardware(ratio: float, at: int, cause: str) -> None:
    found = moved([*line(values(), case="a"), *control(ratio, at)])["a"]
    assert found.cause == cause
    same = f"{2 if cause == 'hardware' else 1} of 2 cases of this machine stepped the same way there"
    assert found.evidence == (
        ("controls of this machine moved there too, and the environment is as it was", same)
        if cause == "hardware"
        else (same, "the controls of this machine did not move")
    )


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        ((5, 7, True), True), ((7, 9, True), True), ((1, 5, True), True), ((4, 9, True), True), ((6, 6, True), True),
        ((8, 9, True), False), ((1, 4, True), False), ((5, 7, False), False),
    ],
)  # fmt: skip
def test_steps_meet_where_they_go_the_same_way_at_some_of_the_same_commits(other: Span, meets: bool) -> None:
    assert any_meets((5, 7, True), [other]) is meets


def test_a_step_lies_in_the_commits_after_the_last_one_before_it() -> None:
    found = moved([*line(values(), case="a")[::2], *control(1.0)])["a"]
    assert span_of(found.series, found.step) == (17, 18, True)


def test_a_changed_environment_is_named_whatever_the_controls_do() -> None:
    old, new = facts(torch="2.12.0"), facts(torch="2.13.0")
    rows = [*line(values(), case="a")[:AT], *line(values(), case="a", **new)[AT:]]
    rows[:AT] = [type(row)(**{**vars(row), **old}) for row in rows[:AT]]
    found = moved([*rows, *control(1.1)])["a"]
    assert found.cause is Cause.ENVIRONMENT
    assert found.evidence[0] == "the environment changed there: versions.torch 2.12.0 to 2.13.0"


def test_an_environment_that_changed_before_the_last_point_before_it_is_not_the_cause() -> None:
    rows = line(values(), case="a", **facts(torch="2.12.0"))
    rows[AT - 1 :] = line(values(), case="a", **facts(torch="2.13.0"))[AT - 1 :]
    assert moved(rows)["a"].cause is Cause.UNCONFIRMED


def test_without_controls_nothing_is_said_of_them_and_the_cause_is_open() -> None:
    rows = [*line(values(), case="a"), *line(values(1.2), case="b"), *line(values(0.9), case="c")]
    found = moved(rows)
    assert found["a"].cause is Cause.UNCONFIRMED
    assert found["a"].evidence == ("2 of 3 cases of this machine stepped the same way there",)
    assert found["c"].evidence == ("1 of 3 cases of this machine stepped the same way there",)


def test_other_machines_are_told_by_what_the_case_did_there() -> None:
    rows = [
        *line(values(), machine="a@000000"),
        *line(values(1.2), machine="b@000000"),
        *line(values(1.0), machine="c@000000"),
    ]
    found = movements(list(series_of(table_of(rows))))
    assert [one.series.machine for one in found] == ["a@000000", "b@000000"]
    assert found[0].evidence[1:] == ("stepped the same way on b@000000", "did not on c@000000")
    assert found[0].commits[:2] == (commit(AT - 1), commit(AT))


def test_a_contended_neighbour_hides_no_change_of_the_environment_and_takes_no_blame() -> None:
    old, new = facts(torch="2.12.0"), facts(torch="2.13.0")
    rows = [replace(row, **(old if at < AT - 1 else new)) for at, row in enumerate(line(values(), case="a"))]
    rows[AT - 1] = replace(rows[AT - 1], contended=True)
    found = moved(rows)["a"]
    assert found.cause is Cause.ENVIRONMENT
    assert found.commits[0] == commit(AT - 2)


def test_a_step_between_two_environments_of_one_commit_counts_itself_and_no_case_twice() -> None:
    old, new = facts(torch="2.12.0"), facts(torch="2.13.0")
    level = values(1.0)
    rows = [replace(row, **old) for row in line(level, case="a")[:AT]]
    at_once = [at_commit(AT - 1, 1.2 * one, case="a", **new) for one in level[:1]]
    rows += at_once + [replace(row, median_s=1.2 * row.median_s, **new) for row in line(level, case="a")[AT:]]
    found = moved(rows)["a"]
    assert found.cause is Cause.ENVIRONMENT
    (counted,) = (text for text in found.evidence if "stepped the same way there" in text)
    assert counted.startswith("1 of 1 ")


def test_a_case_that_stepped_twice_there_counts_once() -> None:
    count = 3
    rows = [row for case in range(count) for row in line(values(1.1 + case / 100), case=str(case))]
    stairs = np.array(values(1.0))
    stairs[AT - 5 :] *= 1.1
    stairs[AT + 1 :] *= 1.1
    rows += line([float(one) for one in stairs], case="stairs")
    for found in movements(list(series_of(table_of(rows)))):
        alike, of = map(int, re.findall(r"\d+", found.evidence[0]))
        assert alike <= of == count + 1


def test_a_control_of_which_there_is_no_line_is_answered_with_the_operators_there_are() -> None:
    every = list(series_of(table_of([*line(values(), case="a"), *control(1.0)])))
    require_controls(every, ())
    require_controls(every, ("write", "rowsum"))
    with pytest.raises(UsageError) as refused:
        require_controls(every, ("write", "writes"))
    assert str(refused.value) == "no control 'writes' (did you mean 'write'?); there are: rowsum, write"


def test_a_control_says_nothing_of_itself() -> None:
    found = moved(control(1.1))["control"]
    assert found.cause is Cause.UNCONFIRMED
    assert not any("controls" in text for text in found.evidence)
