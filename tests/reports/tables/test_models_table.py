"""Table 7: ours beside what the paper reports, and neither taken for the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.vocabulary.record import Failed, Record, Unavailable
from reports.figures import accuracy_latency, latency
from reports.models.classifiers import benches, family, operator_panels, shown
from reports.models.reported import table4, table7
from reports.pages.summary import gains, subjects
from reports.tables import kernel_to_model, model_ranks, runtimes_table, schedules_table
from reports.tables.models_table import REPORT

from ..builders import every_outcome, line, measured, record
from ..model_builders import IN_TABLE_7, cells, kernel, model, values

STEM = "table7_cpu_2_threads"
OF_MODELS = (REPORT, accuracy_latency.REPORT, kernel_to_model.REPORT, model_ranks.REPORT, runtimes_table.REPORT)


def network_sweep() -> list[Record]:
    return [model("hadaptive_s", backend) for backend in ("torch_eager", "cpp_ext")]


@pytest.mark.parametrize("records", [[], every_outcome(), line("torch_eager", [1e-6, 2e-6]), network_sweep()])
def test_runs_that_are_not_about_models_have_none_of_these(records: list[Record]) -> None:
    assert [artifact for report in (*OF_MODELS, schedules_table.REPORT) for artifact in report.render(records)] == []


def test_the_reported_rows_are_the_papers_in_si_units() -> None:
    assert len(table7()) == 19
    row = table7()["Hadaptive-Net-L"]
    assert (row.params, row.macs, row.cpu_s) == pytest.approx((6.11e6, 669e6, 0.05762))
    assert (row.cifar100_percent, row.imagenet_percent) == (74.73, 80.79)
    assert table4() == pytest.approx({"native": 0.0124, "direct-indexing": 0.00721, "parity-balanced": 0.00713})


def test_every_model_of_the_paper_has_an_operator_that_is_shown_under_its_name() -> None:
    assert (
        {"Hadaptive-Net-L", "MobileOne-S0", "GhostNet-1.0"} <= {shown(name) for name in IN_TABLE_7} <= table7().keys()
    )
    assert shown("resnet18") == "resnet18"
    assert [family(name) for name in ("starnet_s1", "ghostnet_100", "resnet18")] == ["StarNet", "GhostNet", "resnet18"]


def test_a_row_holds_sizes_latency_and_what_the_paper_reports() -> None:
    (row,) = cells(REPORT.render([model("hadaptive_l", outcome=measured(0.02, 0.01, 41))]), STEM)
    assert row[:5] == ["Hadaptive-Net-L|hadaptive_l", "6.11", "6.11", "669", "669"]
    assert row[5].startswith("20.0|19.9")
    assert row[5].endswith("|mean of 328: 20.0")  # 41 samples of 8 calls
    assert row[6:] == ["57.62", "7.13", "9.11", "74.73", "80.79"]


def test_the_mean_is_that_of_all_samples_and_not_the_median() -> None:
    outcome = measured(0.02, 0.0, 3)
    skewed = replace(outcome, samples_s=(0.01, 0.01, 0.04))
    (row,) = values(REPORT.render([model(outcome=skewed)]), STEM)
    assert [float(row[f"ort_stock.{name}_s"]) for name in ("median", "mean")] == pytest.approx([0.01, 0.02])
    assert row["ort_stock.runs"] == "24"


def test_rows_are_in_the_papers_order_and_models_it_does_not_have_come_last() -> None:
    records = [model(name) for name in ("mobilevit_s", "hadaptive_l", "ghostnet_100", "mobileone_s0")]
    names = [row[0].partition("|")[0] for row in cells(REPORT.render(records), STEM)]
    assert names == ["MobileOne-S0", "GhostNet-1.0", "Hadaptive-Net-L", "MobileViT-S"]


def test_what_has_no_latency_says_why_and_what_was_not_asked_has_a_dash() -> None:
    records = [
        model("ghostnet_100", "ort_stock", Failed("prepare", "boom")),
        model("ghostnet_100", "torch_eager", Unavailable("no device")),
        model("hadaptive_s", "ort_custom"),
    ]
    hadaptive, ghost = cells(REPORT.render(records), STEM)
    assert ghost[5:8] == ["unavailable", "failed in prepare", "–"]
    assert hadaptive[5:7] == ["–", "–"]


def test_parameters_of_1000_classes_are_marked_and_said() -> None:
    html, _ = REPORT.render([model("mobileone_s0"), model("ghostnet_100")])
    one, ghost = cells([html], STEM)
    assert (one[2], ghost[2]) == ("2.10 †", "4.03")
    assert "with 100 classes; the paper's marked † (MobileOne-S0) are those with 1000" in html.caption


def test_the_caption_counts_nothing_as_ours_that_is_not() -> None:
    html, _ = REPORT.render([model()])
    assert "accuracies were not reproduced" in html.caption
    assert "this run does not have MobileNetV3-S, MobileOne-S0" in html.caption


def test_each_device_and_number_of_threads_has_a_table_of_batch_1() -> None:
    records = [model(threads=1), model(threads=2), model(threads=2, device="cuda"), model(threads=2, batch=8)]
    names = [found.name for found in REPORT.render(records) if found.is_table]
    assert names == [f"tables/table7_{where}.html" for where in ("cpu_1_thread", "cpu_2_threads", "cuda")]


def test_other_batches_and_repeats_of_a_backend_are_not_taken() -> None:
    once = model(outcome=0.01)
    again = replace(once, case=replace(once.case, replica=1), outcome=measured(0.02))
    (bench,) = benches([once, again, model(outcome=0.03, batch=8)])
    assert [time.mid for time in bench.times.values()] == pytest.approx([0.01])


def test_a_resumed_case_counts_as_it_was_measured_last() -> None:
    (bench,) = benches([model(outcome=Failed("measure", "x")), model(outcome=0.02)])
    assert [time.mid for time in bench.times.values()] == pytest.approx([0.02])


def test_schedules_have_no_column_and_unknown_runtimes_come_last() -> None:
    names = ("mystery", "ort_custom", "ort_custom:direct", "torch_eager")
    (bench,) = benches([model("hadaptive_l", name) for name in names])
    assert bench.runtimes == ["torch_eager", "ort_custom", "mystery"]


def test_threads_left_to_the_library_are_those_it_says_it_took() -> None:
    left = model(threads=0)
    assert [bench.label for bench in benches([left])] == ["cpu"]
    said = replace(left, environment={**left.environment, "threads": 4})
    assert [bench.label for bench in benches([said])] == ["cpu, 4 threads"]


def test_what_differs_between_places_is_in_their_names() -> None:
    half = model()
    half = replace(half, case=replace(half.case, point=replace(half.case.point, dtype="float16")))
    assert [bench.label for bench in benches([model(), half])] == ["cpu, 2 threads, float32", "cpu, 2 threads, float16"]


def test_whole_models_are_in_no_figure_over_an_axis_and_their_kernels_are() -> None:
    kernels = [kernel(32, name, 1e-4) for name in ("ort_stock", "ort_custom")]
    records = [model(), model(backend="torch_eager"), *kernels]
    assert [record for panel in operator_panels(records) for record in panel.records] == kernels
    assert [found.name for found in latency.REPORT.render(records)] == ["figures/latency.svg"]


def test_the_page_names_models_by_their_number_and_gains_take_them_as_one() -> None:
    records = [
        model(name, backend) for name in ("ghostnet_100", "starnet_s1") for backend in ("torch_eager", "ort_stock")
    ]
    assert subjects([*records, record()]) == ["2 image classifiers", "rowsum"]
    (gain,) = gains(records)
    assert (gain.operator, gain.backend) == ("image classifiers", "ort_stock")
    assert "2 points" in gain.over[0]
