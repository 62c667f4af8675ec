"""What a step coincides with: environment, controls, other machines; never `code` by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from opbench.history.attribution import Cause, Movement, movements
from opbench.history.row import HistoryRow
from opbench.history.series import series_of

from .builders import commit, facts, line, table_of

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
    said = "controls of this machine moved there too" if cause == "hardware" else "did not move"
    assert any(said in text for text in found.evidence)


def test_a_changed_environment_is_named_whatever_the_controls_do() -> None:
    old, new = facts(torch="2.12.0"), facts(torch="2.13.0")
    rows = [*line(values(), case="a")[:AT], *line(values(), case="a", **new)[AT:]]
    rows[:AT] = [type(row)(**{**vars(row), **old}) for row in rows[:AT]]
    found = moved([*rows, *control(1.1)])["a"]
    assert found.cause is Cause.ENVIRONMENT
    assert found.evidence[0] == "the environment changed there: versions.torch 2.12.0 to 2.13.0"


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
