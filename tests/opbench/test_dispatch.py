"""The measured table behind `auto`: made from records, nearest row, this device's only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opbench import Axes, Case, Check, Measured, Point, Record, Unavailable, Work, dispatch
from opbench.dispatch import Row, Table
from opbench.errors import UsageError

PASSED = Check(passed=True, elements=1, misses=0, max_abs_error=0, max_rel_error=0, rtol=0, atol=0)
CPU = {"device": "cpu", "device_name": "abacus", "threads": 2}


def record(backend: str, seconds: float | None, *, channels: int = 8, mode: str = "forward", **at: Any) -> Record:
    axes = Axes({"batch": 1, "channels": channels})
    times = None if seconds is None else (seconds, seconds * 3, seconds * 2)
    outcome = Unavailable("no") if times is None else Measured(PASSED, times, 1, "target", 0, 0, 0, 0)
    return Record(Case(Point("pairs", axes, mode=mode), backend), outcome, CPU | at, "abc", "now")


def test_a_table_holds_the_median_of_every_backend_measured() -> None:
    table = dispatch.table_of([record("slow", 3.0), record("quick:flat", 1.0), record("gone", None)])
    assert table.device == "abacus, 2 threads"
    assert table.rows == (Row("pairs", "float32", {"batch": 1, "channels": 8}, {"slow": 6.0, "quick:flat": 2.0}),)


@pytest.mark.parametrize(
    "records", [[], [record("gone", None)], [record("one", 1.0, mode="out")],
                [record("one", 1.0), record("one", 1.0, device_name="slide rule")]]
)  # fmt: skip
def test_a_run_without_forward_times_of_one_device_makes_no_table(records: list[Record]) -> None:
    with pytest.raises(UsageError, match="a dispatch table is of one device"):
        dispatch.table_of(records)


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
    monkeypatch.setattr("opbench.environment.describe", lambda device: CPU | {"device": device})
    dispatch.forget()
    assert dispatch.fastest("pairs", "cpu", "float32", {"channels": 4}, ["best_4"]) is None
    file = dispatch.install(table(4, 16))
    assert dispatch.read(file).rows == table(4, 16).rows
    assert dispatch.fastest("pairs", "cpu", "float32", {"channels": 5}, ["best_4"]) == "best_4"
    assert dispatch.fastest("pairs", "cuda", "float32", {"channels": 5}, ["best_4"]) is None
    dispatch.forget()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 1}', '{"schema": 1, "device": "x", "revision": "", "rows": [1]}']
)
def test_a_file_that_is_no_table_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(UsageError, match=r"broken.json is no dispatch table"):
        dispatch.read(tmp_path / "broken.json")


def test_a_table_of_another_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text('{"schema": 0}')
    with pytest.raises(UsageError, match="schema 0, this opbench reads 1; make it again"):
        dispatch.read(tmp_path / "old.json")


def test_a_broken_table_is_a_warning_and_no_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    (tmp_path / "dispatch").mkdir()
    (tmp_path / "dispatch" / "broken.json").write_text("{bad")
    dispatch.forget()
    with pytest.warns(RuntimeWarning, match=r"broken.json is no dispatch table"):
        assert dispatch.fastest("pairs", "cpu", "float32", {}, ["best_4"]) is None
    dispatch.forget()


def test_empty_outputs_say_nothing_of_speed() -> None:
    empty = replace(record("one", 1.0), work=Work(0, 0, 0, 0, 0))
    with pytest.raises(UsageError, match="a dispatch table is of one device"):
        dispatch.table_of([empty])
