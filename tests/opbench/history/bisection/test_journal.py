"""What a bisection keeps is read again as it was, and what no run of the gate leaves is not gone on from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import MachineError, UsageError
from opbench.history.bisection.journal import FILE, Journal, Step
from opbench.history.bisection.walk import Mark
from tests.rows import rows

QUESTION = {"case": "a/b", "threads": 1}
STEP = Step("a" * 40, "b" * 40, Mark.BAD, "regression", "why", 1.2, 1.1, 1.3, 0.03, 7.0, "summary.md")
SKIPPED = Step("a" * 40, "c" * 40, Mark.SKIP, "", "it cannot be imported", None, None, None, 0.03, 0.0, "")


def test_runs_are_read_again_as_they_were_and_the_last_of_a_pair_counts(tmp_path: Path) -> None:
    journal = Journal.of(tmp_path, QUESTION)
    later = Step("a" * 40, "b" * 40, Mark.GOOD, "pass", "why", 1.0, 0.9, 1.1, 0.1, 7.0, "")
    for step in (STEP, SKIPPED, later):
        journal.add(step)
    again = Journal.of(tmp_path, QUESTION)
    assert again.steps == [STEP, SKIPPED, later]
    assert again.found(STEP.base, STEP.head) == later
    assert again.found(STEP.head, STEP.base) is None
    assert Journal.of(tmp_path, QUESTION, again=True).steps == []


@rows(
    "changed",
    [
        {"ratio": None},
        {"ratio": None, "low": None, "high": None},
        {"low": 1.25},
        {"high": 1.15},
        {"low": 0.0},
        {"high": float("inf")},
        {"ratio": "1.2"},
        {"base": "HEAD"},
        {"head": "b" * 40 + " --output=x"},
        {"mark": "worse"},
        {"seconds": None},
    ],
)
def test_a_run_that_the_gate_does_not_leave_is_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    Journal(tmp_path, QUESTION).add(STEP)
    told = json.loads((tmp_path / FILE).read_text())
    told["steps"][0] |= changed
    (tmp_path / FILE).write_text(json.dumps(told))
    with pytest.raises(UsageError, match=r"cannot be gone on from .*--again measures anew"):
        Journal.of(tmp_path, QUESTION)


@pytest.mark.parametrize("told", [{"schema": 2}, {"question": {"case": "other"}}, {"steps": None}])
def test_another_schema_or_question_is_refused(told: dict[str, Any], tmp_path: Path) -> None:
    Journal(tmp_path, QUESTION).add(STEP)
    (tmp_path / FILE).write_text(json.dumps(json.loads((tmp_path / FILE).read_text()) | told))
    with pytest.raises(UsageError, match="cannot be gone on from"):
        Journal.of(tmp_path, QUESTION)


def test_a_folder_that_cannot_be_written_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="choose another --results"):
        Journal(tmp_path / "file", QUESTION).add(STEP)
