"""What a user is told where a run cannot be read, written or found: the file, the reason, and what there is."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opbench.errors import MachineError, UsageError
from opbench.store.runs import RECORDS, Run, find_run, latest_run, new_folder, new_run

NOON = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def test_a_file_of_records_that_is_a_folder_is_named_with_the_systems_reason(tmp_path: Path) -> None:
    (tmp_path / RECORDS).mkdir()
    with pytest.raises(UsageError, match=f"^cannot read {re.escape(str(tmp_path / RECORDS))}: Is a directory$"):
        Run(tmp_path).records()


def test_a_run_without_a_file_has_no_records(tmp_path: Path) -> None:
    assert Run(tmp_path).records() == []


def test_a_file_that_cannot_be_written_is_named_with_the_systems_reason(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("in the way")
    with pytest.raises(MachineError, match=rf"^cannot write {re.escape(str(tmp_path))}/figures/a\.svg: .+"):
        Run(tmp_path).write("figures/a.svg", b"")


def test_json_is_written_for_people_and_ends_its_last_line(tmp_path: Path) -> None:
    path = Run(tmp_path).write_json("deep/a.json", {"b": [1], "a": {}})
    assert path == tmp_path / "deep" / "a.json"
    assert path.read_text() == '{\n  "b": [\n    1\n  ],\n  "a": {}\n}\n'
    assert list(json.loads(path.read_text())) == ["b", "a"]


def test_a_run_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    for sweep in ("channels", "batch"):
        new_run(tmp_path, sweep, NOON)
    with pytest.raises(UsageError) as refused:
        find_run(tmp_path, "chanels")
    known = "batch/2026-01-01T12-00-00Z, channels/2026-01-01T12-00-00Z"
    assert str(refused.value) == f"no run 'chanels' under {tmp_path}; there are: {known}"


def test_as_many_runs_as_a_large_array_has_may_begin_in_one_second(tmp_path: Path) -> None:
    first, second = (new_folder(tmp_path, "grid", NOON).name for _ in range(2))
    assert (first, second) == ("2026-01-01T12-00-00Z", "2026-01-01T12-00-00Z-1")
    for number in range(2, 999):  # by `new_folder` each would look at all before it
        (tmp_path / "grid" / f"2026-01-01T12-00-00Z-{number}").mkdir()
    assert new_folder(tmp_path, "grid", NOON).name == "2026-01-01T12-00-00Z-999"
    with pytest.raises(MachineError, match=r"^1000 runs of 2026-01-01T12-00-00Z exist already under .*grid$"):
        new_run(tmp_path, "grid", NOON)


@pytest.mark.parametrize("name", ["mine", "2026-13-32T99-99-99Z", "0001-01-01T00-00-00"])
def test_a_folder_whose_name_is_no_time_is_older_than_any_run(tmp_path: Path, name: str) -> None:
    for folder in (name, "1970-01-01T00-00-00Z-1", "1970-01-01T00-00-00Z"):
        (tmp_path / "s" / folder).mkdir(parents=True)
        (tmp_path / "s" / folder / RECORDS).touch()
    assert latest_run(tmp_path, "s").folder.name == "1970-01-01T00-00-00Z-1"
