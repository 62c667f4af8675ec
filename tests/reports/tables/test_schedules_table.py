"""Table 4 and the runtimes' table: what there are records of, and what there is not, said."""

from __future__ import annotations

import pytest

from opbench.vocabulary.record import Unavailable
from reports.tables import runtimes_table
from reports.tables.schedules_table import REPORT

from ..builders import measured
from ..model_builders import cells, model, values


def test_the_papers_row_stands_first_and_is_marked_as_reported() -> None:
    reported, _ = cells(REPORT.render([model("hadaptive_l")]), "table4")
    assert reported[0] == "reported by the paper|RTX TITAN, ONNX Runtime's CUDA provider"
    assert reported[1:] == ["12.40", "7.21|1.72×", "7.13|1.74×", "–"]


def test_ratios_are_to_the_native_nodes_of_the_same_runtime() -> None:
    names = {"ort_stock": 0.03, "ort_custom": 0.01, "torch_eager": 0.08, "cpp_ext": 0.02}
    found = REPORT.render([model("hadaptive_l", name, time) for name, time in names.items()])
    _, ort, torch = values(found, "table4")
    assert (ort["kind"], torch["kind"]) == ("ONNX Runtime", "PyTorch")
    assert [float(row["ours.over_native"]) for row in (ort, torch)] == pytest.approx([3, 4])
    assert float(ort["ours.over_native_low"]) < 3 < float(ort["ours.over_native_high"])


def test_an_absent_schedule_says_so_and_why_where_there_is_a_reason() -> None:
    records = [model("hadaptive_l"), model("hadaptive_l", "ort_custom:direct", Unavailable("no library"))]
    _, row = cells(REPORT.render(records), "table4")
    assert row[2:] == [
        "not measured|ort_custom:direct|unavailable",
        "not measured|ort_custom:balanced",
        "not measured|ort_custom",
    ]


def test_without_native_there_are_times_and_no_ratio() -> None:
    _, row = cells(REPORT.render([model("hadaptive_l", "ort_custom", 0.01)]), "table4")
    assert row[1].startswith("not measured")
    assert "×" not in row[4]


def test_other_models_have_no_row() -> None:
    assert REPORT.render([model("hadaptive_s"), model("ghostnet_100")]) == []


def test_a_runtime_shows_the_figures_its_record_has() -> None:
    records = [
        model("ghostnet_100", "ort_stock", measured(0.01, export_s=2.5, load_s=0.05, file_bytes=16 << 20)),
        model("ghostnet_100", "torch_eager", measured(0.01, peak_bytes=3 << 30)),
        model("starnet_s1", "torch_eager", measured(0.01, other=7.0)),
        model("hadaptive_l", "ort_custom", Unavailable("no library")),
    ]
    found = runtimes_table.REPORT.render(records)
    assert [row[3:] for row in cells(found, "runtimes")] == [
        ["–", "–", "–", "3.00 GiB"],
        ["2.50 s", "50.0 ms", "16.0 MiB", "–"],
    ]
    assert values(found, "runtimes")[1]["file_bytes"] == str(16 << 20)


def test_without_any_figure_there_is_no_table_of_runtimes() -> None:
    assert runtimes_table.REPORT.render([model()]) == []
