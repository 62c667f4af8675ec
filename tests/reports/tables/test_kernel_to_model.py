"""A model's saving predicted from its parts: sums worked by hand, and parts without a record said plainly."""

from __future__ import annotations

import re

import pytest

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Failed, Record
from reports.figures.savings_figure import dots
from reports.models.saving_predictions import difference, gain, predictions, total
from reports.tables.kernel_to_model import REPORT

from ..builders import measured
from ..model_builders import cells, kernel, model, part, values

PARTS = (part(32, 3), part(64, 2))


def run() -> list[Record]:
    """Parts save 3 x (2.0 - 0.5) + 2 x (3.0 - 1.0) = 8.5 ms; the model saves 20 - 10 = 10 ms."""
    return [
        model("hadaptive_l", "ort_stock", 0.020, PARTS),
        model("hadaptive_l", "ort_custom", 0.010, PARTS),
        kernel(32, "ort_stock", 0.0020),
        kernel(32, "ort_custom", 0.0005),
        kernel(64, "ort_stock", 0.0030),
        kernel(64, "ort_custom", 0.0010),
    ]


def test_the_saving_is_the_sum_of_the_parts_as_often_as_the_model_holds_them() -> None:
    (one,) = predictions(run())
    assert one.predicted is not None
    assert one.measured is not None
    assert (one.predicted.mid, one.measured.mid) == pytest.approx((0.0085, 0.010))
    assert one.saving_gap == pytest.approx(8.5 / 10 - 1)


def test_the_predicted_gain_takes_the_saving_off_the_baseline() -> None:
    (one,) = predictions(run())
    assert one.predicted_gain is not None
    assert one.measured_gain is not None
    assert (one.predicted_gain.mid, one.measured_gain.mid) == pytest.approx((20 / 11.5, 2.0))
    assert one.gain_gap == pytest.approx(20 / 11.5 / 2 - 1)


def test_half_widths_add_in_quadrature() -> None:
    saving = difference(Interval(17, 20, 24), Interval(7, 10, 14))
    assert (saving.low, saving.mid, saving.high) == (10 - 5, 10, 10 + 5)  # 3-4-5: down 3 and up 4, up 4 and down 3
    summed = total([(3, Interval(9, 10, 12)), (1, Interval(16, 20, 28))])
    assert (summed.low, summed.mid, summed.high) == (50 - 5, 50, 50 + 10)  # counts 3 x 1 and 4; 3 x 2 and 8


def test_no_gain_is_predicted_where_the_parts_would_save_the_whole_model() -> None:
    assert gain(Interval(10, 10, 10), Interval(4, 5, 6)) == Interval(1 / 0.6, 2, 1 / 0.4)
    assert gain(Interval(10, 10, 10), Interval(8, 9, 10)) is None


def test_the_table_prints_milliseconds_and_machines_get_seconds() -> None:
    found = REPORT.render(run())
    ((name, pair, *numbers),) = cells(found, "kernel_to_model")
    assert (name, pair) == ("Hadaptive-Net-L|cpu, 2 threads, batch 1", "ort_stock|ort_custom")
    texts = [text.partition("|")[0] for text in numbers]
    assert texts == ["20.0", "10.0", "8.50", "10.0", "-15.0 %", "1.74×", "2.00×", "-13.0 %"]
    (row,) = values(found, "kernel_to_model")
    assert float(row["predicted_saving_s"]) == pytest.approx(0.0085)


def test_both_pairs_of_runtimes_are_compared_and_others_are_not() -> None:
    names = {"ort_stock": "torch_eager", "ort_custom": "cpp_ext"}
    other = [
        model("hadaptive_l", names[one.case.backend], 0.02, PARTS)
        if one.parts
        else kernel(one.case.point.axes["channels"], names[one.case.backend], 0.001)
        for one in run()
    ]
    found = predictions([*run(), *other, model("hadaptive_l", "cuda_graph", 0.001, PARTS)])
    assert [(one.baseline, one.ours) for one in found] == [("ort_stock", "ort_custom"), ("torch_eager", "cpp_ext")]


def test_a_part_without_a_record_is_named_and_what_was_measured_still_stands() -> None:
    found = REPORT.render([one for one in run() if one.case.key != kernel(64, "ort_custom", 1.0).case.key])
    numbers, (said,) = cells(found, "kernel_to_model")
    assert said == (
        "Not predicted: no record of ach_select_expand(batch=1,channels=64,edge=14,threads=2) in ort_custom."
    )
    assert (numbers[4], numbers[5].partition("|")[0], numbers[6]) == ("–", "10.0", "–")
    assert not [one for one in found if one.is_figure]


def test_a_part_that_failed_is_said_to_have_failed() -> None:
    broken = kernel(64, "ort_custom", Failed("measure", "boom"))
    records = [broken if one.case.key == broken.case.key else one for one in run()]
    (one,) = predictions(records)
    assert one.predicted is None
    assert one.absent == ("ach_select_expand(batch=1,channels=64,edge=14,threads=2) in ort_custom: failed in measure",)


def test_a_model_that_failed_has_no_measured_saving_and_is_not_drawn() -> None:
    records = [model("hadaptive_l", "ort_custom", Failed("measure", "boom"), PARTS), *run()[2:], run()[0]]
    (one,) = predictions(records)
    assert (one.measured, one.saving_gap) == (None, None)
    assert one.absent[-1].endswith("in ort_custom: failed in measure")
    assert dots([one]) == []


def test_parts_of_another_number_of_threads_or_device_are_not_taken() -> None:
    moved = [model("hadaptive_l", name, 0.01, PARTS, device="cuda") for name in ("ort_stock", "ort_custom")]
    (one,) = predictions([*moved, *run()[2:]])
    assert len(one.absent) == 4


def test_a_model_that_got_slower_has_no_gap_in_percent_and_is_drawn() -> None:
    slower = [model("hadaptive_l", "ort_custom", measured(0.021), PARTS), run()[0], *run()[2:]]
    (one,) = predictions(slower)
    assert one.saving_gap is None
    (dot,) = dots([one])
    assert dot.y.mid == pytest.approx(-1)
    assert [found.name for found in REPORT.render(slower) if found.is_figure] == ["figures/kernel_to_model.svg"]


def test_the_figure_has_a_dot_for_each_prediction_and_its_texts() -> None:
    (figure,) = (found for found in REPORT.render(run()) if found.is_figure)
    texts = re.findall(r"<!-- (.*?) -->", figure.data.decode())
    assert {"L", "ort_custom for ort_stock, cpu, 2 threads", "predicted saving, ms"} <= set(texts)
