"""The measured table behind `auto`: made from records, nearest row, this device's only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opbench import Axes, Case, Check, Measured, Point, Record, Unavailable, Work, dispatch, dispatch_table
from opbench.commands import dispatch_listing as choices
from opbench.dispatch_table import Row, Table
from opbench.errors import UsageError

PASSED = Check(passed=True, elements=1, misses=0, max_abs_error=0, max_rel_error=0, rtol=0, atol=0)
CPU = {"device": "cpu", "device_name": "abacus", "threads": 2}


def record(backend: str, seconds: float | None, *, channels: int = 8, mode: str = "forward", **at: Any) -> Record:
    axes = Axes({"batch": 1, "channels": channels})
    times = None if seconds is None else (seconds, seconds * 3, seconds * 2)
    outcome = Unavailable("no") if times is None else Measured(PASSED, times, 1, "target", 0, 0, 0, 0)
    return Record(Case(Point("pairs", axes, mode=mode), backend), outcome, CPU | at, "abc", "now")


def test_a_table_holds_the_median_of_every_backend_measured() -> None:
    (table,) = dispatch.tables_of([record("slow", 3.0), record("quick:flat", 1.0), record("gone", None)])
    assert table.device == "abacus, 2 threads"
    assert table.rows == (Row("pairs", "float32", {"batch": 1, "channels": 8}, {"slow": 6.0, "quick:flat": 2.0}),)


@pytest.mark.parametrize(
    "records", [[], [record("gone", None)], [record("one", 1.0, mode="out")]]
)  # fmt: skip
def test_a_run_without_forward_times_makes_no_table(records: list[Record]) -> None:
    with pytest.raises(UsageError, match="was measured nowhere; a dispatch table is of mode 'forward'"):
        dispatch.tables_of(records)


def test_a_run_of_several_devices_makes_a_table_of_each() -> None:
    records = [record("one", 1.0), record("one", 2.0, device_name="slide rule"), record("two", 3.0)]
    tables = dispatch.tables_of(records)
    assert [table.device for table in tables] == ["abacus, 2 threads", "slide rule, 2 threads"]
    assert [dict(table.rows[0].seconds) for table in tables] == [{"one": 2.0, "two": 6.0}, {"one": 4.0}]


def test_one_device_with_two_answers_to_one_question_makes_no_table() -> None:
    twice = [record("one", 1.0), record("one", 2.0, versions={"torch": "3"})]
    with pytest.raises(UsageError, match="was measured twice on abacus, 2 threads, in environments that differ"):
        dispatch.tables_of(twice)


def table(*channels: int) -> Table:
    rows = [Row("pairs", "float32", {"channels": each}, {f"best_{each}": 1.0, "other": 2.0}) for each in channels]
    return Table("abacus, 2 threads", "abc", tuple(rows))


@pytest.mark.parametrize(("asked", "row"), [(1, 4), (4, 4), (7, 4), (12, 16), (16, 16), (999, 16)])
def test_a_shape_between_rows_takes_the_nearest_in_logarithms(asked: int, row: int) -> None:
    found = table(4, 16).nearest("pairs", "float32", {"channels": asked})
    assert found is not None
    assert found.axes == {"channels": row}


def test_a_dtype_that_was_not_measured_takes_one_as_wide_and_no_other() -> None:
    half = Table("x", "abc", (Row("pairs", "float16", {}, {"one": 1.0}),))
    assert half.nearest("pairs", "bfloat16", {}) is half.rows[0]
    assert half.nearest("pairs", "float32", {}) is None
    assert half.nearest("others", "float16", {}) is None


def test_the_fastest_is_looked_for_among_what_can_run() -> None:
    row = Row("pairs", "float32", {}, {"gpu_only:flat": 1.0, "here:direct": 3.0, "here:flat": 2.0})
    assert row.fastest(["here", "gpu_only"]) == "gpu_only:flat"
    assert row.fastest(["here"]) == "here:flat"
    assert row.fastest(["neither"]) is None


def test_an_installed_table_is_read_back_and_goes_by_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr("opbench.process.environment.describe", lambda device: CPU | {"device": device})
    dispatch.forget()
    assert dispatch.fastest("pairs", "cpu", "float32", {"channels": 4}, ["best_4"]) is None
    file = dispatch.install(table(4, 16))
    assert dispatch_table.read(file).rows == table(4, 16).rows
    assert dispatch.fastest("pairs", "cpu", "float32", {"channels": 5}, ["best_4"]) == "best_4"
    assert dispatch.fastest("pairs", "cuda", "float32", {"channels": 5}, ["best_4"]) is None
    dispatch.forget()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 1}', '{"schema": 1, "device": "x", "revision": "", "rows": [1]}']
)
def test_a_file_that_is_no_table_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(UsageError, match=r"broken.json is no dispatch table"):
        dispatch_table.read(tmp_path / "broken.json")


def test_a_table_of_another_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text('{"schema": 0}')
    with pytest.raises(UsageError, match=r"schema 0, this opbench reads 1; make it again \(opbench dispatch RUN\)"):
        dispatch_table.read(tmp_path / "old.json")


ROW = {"operator": "pairs", "dtype": "float32", "axes": {"batch": 1}, "seconds": {"one": 1.0}}
WHOLE = {"schema": 1, "device": "abacus, 2 threads", "revision": "abc", "rows": [ROW]}


def with_row(**changed: Any) -> bytes:
    return json.dumps(WHOLE | {"rows": [ROW | changed]}).encode()


DAMAGED = {
    "empty": b"",
    "cut in half": json.dumps(WHOLE).encode()[:70],
    "not UTF-8": b"\xff\xfe{\x00",
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "no schema": b"{}",
    "another schema": json.dumps(WHOLE | {"schema": 2}).encode(),
    "a schema of a list": json.dumps(WHOLE | {"schema": [1]}).encode(),
    "a device of a number": json.dumps(WHOLE | {"device": 5}).encode(),
    "rows of null": json.dumps(WHOLE | {"rows": None}).encode(),
    "rows of letters": json.dumps(WHOLE | {"rows": "abc"}).encode(),
    "an operator of null": with_row(operator=None),
    "a dtype of a number": with_row(dtype=32),
    "axes of a list": with_row(axes=[1]),
    "an axis of text": with_row(axes={"batch": "1"}),
    "an axis of a truth": with_row(axes={"batch": True}),
    "a fractional axis": with_row(axes={"batch": 1.5}),
    "a negative axis": with_row(axes={"batch": -1}),
    "a huge axis": with_row(axes={"batch": 10**400}),
    "an axis of more digits than Python reads": b"1" * 5000,
    "times of a list": with_row(seconds=[1.0]),
    "a time of text": with_row(seconds={"one": "1"}),
    "no time": with_row(seconds={"one": 0}),
    "NaN": with_row(seconds={"one": float("nan")}),
    "infinity": with_row(seconds={"one": float("inf")}),
    "more than infinity": with_row().replace(b"1.0", b"1e999"),
    "nested a hundred thousand deep": b'{"schema": 1, "rows": ' + b"[" * 100_000,
}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of this machine's table, which nobody has written yet."""
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr("opbench.process.environment.describe", lambda device: CPU | {"device": device})
    (tmp_path / "dispatch").mkdir()
    dispatch.forget()
    yield tmp_path / "dispatch" / "broken.json"
    dispatch.forget()


def advice(usable: Sequence[str] = ("one",)) -> str | None:
    return dispatch.fastest("pairs", "cpu", "float32", {"batch": 1}, usable)


def test_a_whole_table_gives_advice_without_a_word(kept: Path) -> None:
    kept.write_bytes(with_row())
    assert advice() == "one"


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_table_is_one_warning_of_one_line_and_no_advice(kept: Path, content: bytes) -> None:
    kept.write_bytes(content)
    with pytest.warns(
        RuntimeWarning, match=r"broken.json.*make it again \(opbench dispatch RUN\) or remove it$"
    ) as said:
        assert advice() is None
    assert advice() is None
    assert len(said) == 1
    assert len(str(said[0].message).splitlines()) == 1


def test_a_folder_or_a_link_to_nowhere_in_place_of_a_table_is_a_warning(kept: Path) -> None:
    kept.mkdir()
    with pytest.warns(RuntimeWarning, match="is no dispatch table .IsADirectoryError"):
        assert advice() is None
    kept.rmdir()
    kept.symlink_to("nowhere")
    dispatch.forget()
    with pytest.warns(RuntimeWarning, match="is no dispatch table .FileNotFoundError"):
        assert advice() is None


def test_a_table_that_may_not_be_read_is_a_warning(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    kept.write_bytes(with_row())
    monkeypatch.setattr(Path, "read_text", forbidden)
    with pytest.warns(RuntimeWarning, match="is no dispatch table .PermissionError"):
        assert advice() is None


def test_a_damaged_table_does_not_hide_a_whole_one(kept: Path) -> None:
    kept.write_bytes(b"")
    kept.with_name("whole.json").write_bytes(with_row())
    with pytest.warns(RuntimeWarning, match="broken.json"):
        assert advice() == "one"


def test_a_table_of_backends_that_are_none_here_is_outdated(kept: Path) -> None:
    kept.write_bytes(with_row(seconds={"gone\x1b[2J": 1.0}))
    with pytest.warns(RuntimeWarning, match=r"is outdated: none of its backends for pairs \(gone\\x1b\[2J\) runs here"):
        assert advice() is None


def test_the_listing_says_which_table_is_damaged_and_shows_the_others(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.write_bytes(b"{")
    kept.with_name("whole.json").write_bytes(with_row())
    assert choices.run(as_json=False) == 0
    shown = capsys.readouterr().out
    assert f"damaged, and not gone by: {kept} is no dispatch table" in shown
    assert "make it again (opbench dispatch RUN)" in shown
    assert "whole.json" in shown
    assert choices.run(as_json=True) == 0
    whole, damaged = map(json.loads, capsys.readouterr().out.splitlines())
    assert whole["used"]
    assert str(kept) in damaged["damaged"]


def test_empty_outputs_say_nothing_of_speed() -> None:
    empty = replace(record("one", 1.0), work=Work(0, 0, 0, 0, 0))
    with pytest.raises(UsageError, match="measured nowhere"):
        dispatch.tables_of([empty])
