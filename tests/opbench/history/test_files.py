"""A history only grows: what is there is never changed, what is damaged is named and the rest is read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from opbench.errors import UsageError
from opbench.history import files
from opbench.history.row import NAMES

from .builders import BEGIN, ROW, at_commit, history


def test_rows_are_read_as_they_were_added(tmp_path: Path) -> None:
    rows = [ROW, replace(ROW, case="other", commit_time=BEGIN, dirty=True, contended=True, started=None)]
    added = files.add(tmp_path, rows)
    assert added.new
    assert added.rows == 2
    found = files.read(tmp_path)
    assert found.problems == ()
    assert found.table.column_names == list(NAMES)
    assert found.table.to_pylist() == [vars(row) for row in rows]


def test_the_same_run_again_changes_nothing_and_with_other_rows_is_refused(tmp_path: Path) -> None:
    first, second = ROW, replace(ROW, case="other")
    path = files.add(tmp_path, [first, second]).path
    before = path.read_bytes()
    assert not files.add(tmp_path, [second, replace(first, commit_time=BEGIN)]).new
    with pytest.raises(UsageError, match=r"has run rows/1 already, with other rows.*remove that file"):
        files.add(tmp_path, [first])
    assert path.read_bytes() == before
    assert [path] == list(tmp_path.iterdir())


def test_runs_of_one_name_on_two_machines_are_two_files(tmp_path: Path) -> None:
    for machine in ("ci@000001", "ci@000002"):
        files.add(tmp_path, [replace(ROW, machine=machine)])
    assert files.read(tmp_path).table.num_rows == 2


def test_rows_of_several_runs_and_of_none_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="of 2: rows/1 on ci@0a1b2c, rows/2 on ci@0a1b2c"):
        files.add(tmp_path, [ROW, replace(ROW, run="rows/2")])
    with pytest.raises(UsageError, match="nothing was measured in it"):
        files.add(tmp_path, [])
    assert not list(tmp_path.iterdir())


def rewritten(path: Path, metadata: dict[bytes, bytes], table: pa.Table | None = None) -> None:
    kept = parquet.read_table(path) if table is None else table
    parquet.write_table(kept.replace_schema_metadata(metadata), path)


def test_what_is_damaged_or_of_another_schema_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    history(tmp_path, [at_commit(number, 1e-3) for number in range(6)])
    half, empty, later, foreign, lacking, _whole = sorted(tmp_path.iterdir())
    told = {files.KEY: json.dumps({"schema": 1, "content": ""}).encode()}
    half.write_bytes(half.read_bytes()[:-40])
    empty.write_bytes(b"")
    rewritten(later, {files.KEY: json.dumps({"schema": 2, "content": ""}).encode()})
    rewritten(foreign, {})
    rewritten(lacking, told, parquet.read_table(lacking).drop_columns(["median_s"]))
    found = files.read(tmp_path)
    assert found.table.num_rows == 1
    says = ("half-written", "half-written", "schema 2, this opbench reads 1", "no file of a history", "its columns are")
    assert len(found.problems) == len(says)
    for problem, path, words in zip(found.problems, (half, empty, later, foreign, lacking), says, strict=True):
        assert problem.startswith(f"{path}: ")
        assert words in problem
        assert "left out" in problem
        assert "\n" not in problem
    with pytest.raises(UsageError, match="is there and damaged"):
        files.add(tmp_path, [at_commit(0, 2e-3)])


def test_a_text_that_a_file_has_no_letters_for_leaves_it_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of flipped bits behind the checksums: the number of a text that there is not."""
    (path,) = history(tmp_path, [at_commit(0, 1e-3)]).iterdir()
    whole = parquet.read_table(path)
    beyond = pa.DictionaryArray.from_arrays(pa.array([7], pa.int32()), pa.array(["a"]), safe=False)
    damaged = whole.set_column(whole.column_names.index("case"), "case", beyond)
    monkeypatch.setattr(parquet.ParquetFile, "read", lambda _: damaged)
    found = files.read(tmp_path)
    assert found.table.num_rows == 0
    assert "damaged or half-written" in found.problems[0]


def test_a_file_whose_rows_are_damaged_is_not_said_to_be_there_unchanged(tmp_path: Path) -> None:
    rows = [replace(ROW, case=f"case {number}") for number in range(97)]
    path = files.add(tmp_path, rows).path
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes([one ^ 0x10 for one in whole[40:400]]) + whole[400:])
    assert files.read(tmp_path).problems
    with pytest.raises(UsageError, match="remove it and add the run again"):
        files.add(tmp_path, rows)


def test_machines_that_are_alike_may_begin_a_run_in_the_same_second(tmp_path: Path) -> None:
    other = replace(ROW, started=BEGIN.replace(microsecond=7))
    assert files.add(tmp_path, [ROW]).path != files.add(tmp_path, [other]).path
    assert files.read(tmp_path).table.num_rows == 2


def test_times_of_commits_that_come_later_are_said_not_to_be_kept(tmp_path: Path) -> None:
    files.add(tmp_path, [ROW])
    assert files.add(tmp_path, [replace(ROW, commit_time=BEGIN)]).lacks_times
    assert not files.add(tmp_path, [ROW]).lacks_times


def test_a_byte_that_a_disk_changed_is_noticed(tmp_path: Path) -> None:
    path = files.add(tmp_path, [replace(ROW, case=f"case {number}") for number in range(97)]).path
    whole, rows = path.read_bytes(), files.read(tmp_path).table
    noticed = 0
    for place in range(40, len(whole) // 2, 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        found = files.read(tmp_path)
        noticed += bool(found.problems)
        assert found.problems or found.table.equals(rows)
    assert noticed > 5


def test_a_folder_without_a_history_says_how_to_begin_one(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="opbench history add RUN --history"):
            files.read(folder)
