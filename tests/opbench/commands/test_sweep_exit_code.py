"""What a sweep's exit code says of its records."""

from __future__ import annotations

import pytest

from opbench import (
    Axes,
    Case,
    Check,
    Contended,
    Failed,
    Measured,
    Mismatch,
    Outcome,
    Point,
    Record,
    Unavailable,
    Work,
    catalog,
)
from opbench.commands.sweep.run import exit_code

CHECK = Check(True, 7, 0, 0.0, 0.0, 1e-6, 0.0)
MEASURED = Measured(CHECK, (1.0,) * 6, 1, "target", 0.1, 1, 0.1, 6.0)
WORK = Work(macs=0, products=0, elementwise=7, bytes_read=4, bytes_written=4)
RIGHT = {"macs": 0, "products": 0, "elementwise": 7}


def record(outcome: Outcome, counts: dict[str, dict[str, int] | str] | None = None) -> Record:
    return Record(Case(Point("liar", Axes({"size": 7})), "a"), outcome, {}, "", "", work=WORK, counts=counts or {})


def code_of(*records: Record) -> int:
    totals = catalog.totals()
    for one in records:
        totals.add(one)
    return exit_code(totals)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (MEASURED, 0),
        (Unavailable("no compiler"), 0),
        (Failed("check", "killed"), 1),
        (Mismatch(Check(False, 7, 1, 1.0, 1.0, 1e-6, 0.0)), 1),
        (Contended("busy"), 3),
    ],
)
def test_by_outcome(outcome: Outcome, code: int) -> None:
    assert code_of(record(MEASURED), record(outcome)) == code


def test_a_failure_outweighs_a_busy_machine() -> None:
    assert code_of(record(Contended("busy")), record(Failed("check", "killed"))) == 1


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({"fvcore": RIGHT, "torch": RIGHT}, 0),
        ({"fvcore": "no formula", "torch": RIGHT}, 0),
        ({"fvcore": RIGHT, "torch": RIGHT | {"macs": 5}}, 1),
        ({"fvcore": RIGHT | {"elementwise": 5}}, 1),
    ],
)
def test_counts_that_differ_are_something_to_act_on(counts: dict[str, dict[str, int] | str], code: int) -> None:
    assert code_of(record(MEASURED, counts)) == code


def test_no_records_are_nothing_to_act_on() -> None:
    assert code_of() == 0
