"""Every record is a row, in SI units, and what was not measured is missing and never zero."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pandas as pd
import pytest
from rich.console import Console

from opbench.vocabulary.record import Failed, Record, Unavailable
from reports.tables.table import REPORT, frame
from reports.terminal.results_table import terminal_table

from ..builders import every_outcome, line, measured, record


def printed(records: Sequence[Record]) -> str:
    console = Console(width=100, file=io.StringIO(), force_terminal=False)
    console.print(terminal_table(records))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_record_is_a_row_whatever_its_outcome() -> None:
    assert list(frame(every_outcome())["outcome"]) == ["measured", "unavailable", "failed", "mismatch"]


def test_values_are_in_si_units() -> None:
    row = frame([record(measured(2e-6))]).iloc[0]
    assert row["median_s"] == pytest.approx(2e-6)
    assert row["bandwidth_bytes_per_s"] == pytest.approx((4096 + 8192) / 2e-6)
    assert row["flops_per_s"] == pytest.approx((2 * 1000 + 200 + 50) / 2e-6)


def test_what_was_not_measured_is_missing_and_not_zero() -> None:
    row = frame([record(Unavailable("no device"), macs=None)]).iloc[0]
    assert row[["median_s", "samples", "macs", "flops_per_s", "max_abs_error"]].isna().all()


def test_the_reason_and_the_phase_are_columns() -> None:
    row = frame([record(Failed("prepare", "boom"))]).iloc[0]
    assert (row["phase"], row["reason"]) == ("prepare", "boom")


def test_axes_and_sizes_of_all_operators_have_columns() -> None:
    table = frame([record(channels=8, sizes={"pairs": 28}), record(operator="other", length=5)])
    assert table[["channels", "pairs"]].iloc[0].to_list() == [8, 28]
    assert table.iloc[1][["channels", "pairs"]].isna().all()
    assert table["length"].iloc[1] == 5


def test_axes_of_fractions_names_and_truths_stand_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.tables.table.PACKED", 2)
    records = [
        *(record(rate=rate, act=act, bias=bias) for rate, act, bias in ((1, "gelu", True), (2, "relu", False))),
        *(record(operator="other", rate=rate, act=act) for rate, act in ((0.5, 3), (0.25, 5), (3, 7))),
    ]
    table = frame(records)
    assert table["rate"].to_list() == [1.0, 2.0, 0.5, 0.25, 3.0]
    assert table["act"].to_list() == ["gelu", "relu", "3", "5", "7"]
    assert table["bias"].to_list() == [True, False, *[pd.NA] * 3]
    assert REPORT.render(records)[0].data.decode().count("gelu") == 1


def test_counts_of_each_counter_have_columns_and_a_reason_has_none() -> None:
    table = frame([record(counts={"torch": {"macs": 7}, "fvcore": "not installed"})])
    assert table["torch_macs"].iloc[0] == 7
    assert not [name for name in table.columns if name.startswith("fvcore")]


def test_what_counts_differ_in_and_why_there_is_none_is_a_column_of_its_own() -> None:
    right = {"macs": 1000, "products": 200, "elementwise": 50}
    rows = frame([record(counts={"fvcore": "no formula\nat all", "torch": right | {"macs": 7}}), record()])
    assert rows["counts_reason"].to_list()[0] == (
        "fvcore has no count: no formula; the definition and torch differ in macs: 1000 and 7"
    )
    assert rows["counts_reason"].isna().to_list() == [False, True]
    assert "counts_reason" not in frame([record(counts={"torch": right})]).columns


def test_what_a_backend_measured_itself_has_columns() -> None:
    rows = frame([record(measured(load_s=0.25, file_bytes=1024.0)), record(measured()), record(Unavailable("no file"))])
    assert rows["load_s"].tolist()[0] == pytest.approx(0.25)
    assert rows["file_bytes"].dtype == "float64"
    assert rows[["load_s", "file_bytes"]].isna().sum().tolist() == [2, 2]


def test_csv_and_parquet_hold_the_same_rows() -> None:
    csv, parquet = REPORT.render(every_outcome())
    text = pd.read_csv(io.BytesIO(csv.data))
    binary = pd.read_parquet(io.BytesIO(parquet.data))
    assert list(text.columns) == list(binary.columns)
    assert text["median_s"].to_list()[0] == binary["median_s"].to_list()[0]


@pytest.mark.parametrize("packed", [1, 2, 3, 5, 7])
def test_a_table_is_the_same_however_its_rows_are_packed(packed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column may begin in a later pack, and an axis there be what a backend measured itself."""
    records = [
        *every_outcome(),
        record(operator="other", length=5),
        record(measured(load_s=0.25, length=1.5)),
        record(measured(), counts={"torch": {"macs": 7}}),
    ]
    whole = frame(records)
    monkeypatch.setattr("reports.tables.table.PACKED", packed)
    pd.testing.assert_frame_equal(frame(records), whole)
    assert whole["length"].to_list()[4:6] == [5.0, 1.5]
    assert whole["length"].dtype == "float64"
    assert list(whole.columns).index("length") < list(whole.columns).index("dtype")


def test_no_records_make_no_table() -> None:
    assert REPORT.render([]) == []


def test_the_terminal_table_fits_100_columns_and_shows_every_case() -> None:
    text = printed([*every_outcome(), *line("triton_jit:balanced", [1e-6, 2e-3])])
    assert max(map(len, text.splitlines())) <= 100
    assert re.search(r"1\.00 µs +0\.\d+ % +2\.25 G +12\.3 G", text)
    assert "2.00 ms" in text
    assert "failed in prepare: Traceback: <b>boom</b> & more" in text


def test_brackets_in_a_reason_are_not_read_as_markup() -> None:
    assert "[bold]x[/nonsense]" in printed([record(Unavailable("[bold]x[/nonsense]"))])


def test_nothing_in_a_record_acts_on_the_terminal() -> None:
    evil = "\x1b[2J\x9b\r\u202e"
    outcomes = (measured(), Failed("check", evil), Unavailable(evil))
    shown = printed([record(outcome, evil, f"op{evil}", dtype=evil) for outcome in outcomes])
    assert r"\x1b[2J\x9b\r\u202e" in shown
    assert not {"\x1b", "\x9b", "\r", "\u202e"} & set(shown)


def test_an_empty_terminal_table_can_be_printed() -> None:
    assert "median" in printed([])
