"""The figure of where time goes: its points, its parts, and what does not add up is marked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.vocabulary.record import Measured, Record
from reports.data.split_bars import blocks_of, in_order
from reports.figures.time_split import REPORT
from reports.tables.table import frame

from ..builders import measured, record

PARTS = {"elementwise": 5e-6, "allocation": 1e-6, "dispatch": 4e-6}


def split(
    whole_s: float = 1e-5, parts: dict[str, float] | None = None, backend: str = "torch_eager", channels: int = 5
) -> Record:
    outcome: Measured = replace(measured(whole_s), split=PARTS if parts is None else parts)
    return record(outcome, backend, channels=channels)


def figure(*records: Record) -> str:
    (artifact,) = REPORT.render(records)
    return artifact.data.decode()


def test_records_without_a_split_make_no_figure() -> None:
    assert REPORT.render([record(), split(parts={})]) == []


def test_shares_times_and_medians_are_written() -> None:
    text = figure(split())
    for words in ("torch_eager", "10.0 µs", "50 %", "5.00 µs", "40 %", "dispatch", "elementwise"):
        assert f"<!-- {words} -->" in text


def test_the_quickest_and_the_slowest_point_are_shown_and_none_between() -> None:
    records = [split(whole_s, channels=channels) for whole_s, channels in ((3e-5, 7), (1e-5, 3), (2e-5, 5))]
    assert [block.ground for block in blocks_of(records)] == ["channels=3", "channels=7"]


def test_one_point_is_shown_once() -> None:
    assert len(blocks_of([split(), split(backend="cpp_ext")])) == 1


def test_bars_that_do_not_add_up_are_marked_and_explained() -> None:
    (artifact,) = REPORT.render([split(whole_s=2e-5)])
    assert "<!-- 20.0 µs † -->" in artifact.data.decode()
    assert "† parts that miss the median" in artifact.caption
    assert "†" not in REPORT.render([split()])[0].caption


def test_what_could_not_be_split_is_told_with_its_reason() -> None:
    bare = record(replace(measured(), split_reason="nothing seen"), "ort_stock")
    (artifact,) = REPORT.render([split(), bare])
    assert "Not split: ort_stock (nothing seen)." in artifact.caption
    assert "Not split" not in REPORT.render([split()])[0].caption


def test_a_part_below_zero_is_drawn_as_nothing() -> None:
    text = figure(split(parts={"dispatch": -1e-7, "elementwise": 1e-5}))
    assert "<!-- 100 % -->" in text


def test_dispatch_comes_first_and_a_part_of_tomorrow_last() -> None:
    assert in_order({"future": 1, "reduction": 1, "convolution": 1, "allocation": 1, "dispatch": 1}) == [
        *("dispatch", "allocation", "convolution", "reduction", "future")
    ]


def test_the_parts_are_columns_that_add_up() -> None:
    table = frame([split(parts={**PARTS, "matrix product": 2e-6, "opbench kernel": 1e-6}), record()])
    row = table.iloc[0]
    assert row["kind_matrix_product_s"] == pytest.approx(2e-6)
    assert row["kind_opbench_kernel_s"] == pytest.approx(1e-6)
    assert row["compute_s"] == pytest.approx(8e-6)
    assert row["dispatch_s"] + row["allocation_s"] + row["compute_s"] == pytest.approx(row["split_total_s"])
    assert table[["dispatch_s", "compute_s"]].iloc[1].isna().all()


def test_a_run_without_a_split_has_no_such_columns() -> None:
    assert not [name for name in frame([record()]).columns if name in {"dispatch_s", "compute_s", "split_reason"}]


def test_the_reason_is_a_column() -> None:
    outcome = replace(measured(), split_reason="nothing seen")
    assert frame([record(outcome)])["split_reason"].iloc[0] == "nothing seen"
