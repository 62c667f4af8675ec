"""Figure 1: each model in its quickest runtime, names that cover nothing, and a caption that says what was taken."""

from __future__ import annotations

import re

import numpy as np
import pytest

from opbench.vocabulary.record import Failed
from reports.figures.accuracy_latency import REPORT, dots, shared_dots
from reports.layout.label_placement import _overlap, _squares, leader, placed
from reports.models.classifiers import benches

from ..model_builders import model


def test_the_quickest_runtime_of_each_model_is_taken_schedules_included() -> None:
    times = {"ort_stock": 0.03, "ort_custom": 0.02, "ort_custom:direct": 0.01}
    (bench,) = benches([model("hadaptive_l", name, time) for name, time in times.items()])
    (dot,) = dots(bench)
    assert (dot.runtime, dot.macs) == ("ort_custom:direct", 669_000_000)
    assert dot.time.mid == pytest.approx(0.01)


def test_the_caption_says_which_runtime_drew_which_model_and_what_is_left_out() -> None:
    records = [
        model("hadaptive_s", "ort_custom", 0.01),
        model("ghostnet_100"),
        model("starnet_s1"),
        model("mobilevit_s"),
        model("mobileone_s0", outcome=Failed("measure", "x")),
    ]
    (figure,) = REPORT.render(records)
    assert "ort_custom for Hadaptive-Net-S; ort_stock for all others." in figure.caption
    assert "Not drawn, without a latency or a reported accuracy: MobileOne-S0, MobileViT-S." in figure.caption
    assert "reported by the paper and were not reproduced" in figure.caption


def test_ours_are_shown_in_the_quickest_runtime_of_others_too() -> None:
    """Between the two lies what our kernels are worth, which is nothing of the architecture's."""
    times = {"fused": 0.01, "openvino": 0.015, "ort_stock": 0.02, "ort_custom": 0.012}
    ours = [model("hadaptive_s", name, time) for name, time in times.items()]
    (bench,) = benches([*ours, model("ghostnet_100", "ort_stock"), model("starnet_s1", "openvino")])
    (dot,) = shared_dots(bench, dots(bench))
    assert (dot.operator, dot.runtime) == ("hadaptive_s", "openvino")
    (figure,) = REPORT.render([*ours, model("ghostnet_100", "ort_stock")])
    assert "Hollow: the quickest that other models have too, ort_stock for all." in figure.caption
    assert b"<!-- served as others -->" in figure.data


def test_where_ours_are_in_a_runtime_of_others_nothing_is_shown_twice() -> None:
    records = [model("hadaptive_s", "ort_stock"), model("ghostnet_100", "ort_stock")]
    (bench,) = benches(records)
    assert shared_dots(bench, dots(bench)) == []
    (figure,) = REPORT.render(records)
    assert "Hollow" not in figure.caption


def test_one_figure_per_device_at_the_most_threads() -> None:
    records = [model(threads=threads) for threads in (1, 4, 2)] + [model(device="cuda", threads=1)]
    names = [found.name for found in REPORT.render(records)]
    assert names == ["figures/accuracy_latency_cpu_4_threads.svg", "figures/accuracy_latency_cuda.svg"]


def test_without_a_reported_accuracy_there_is_no_figure() -> None:
    assert REPORT.render([model("mobilevit_s")]) == []


def test_every_model_is_named_in_both_panels() -> None:
    (figure,) = REPORT.render([model("ghostnet_100"), model("hadaptive_l", outcome=0.02)])
    texts = re.findall(r"<!-- (.*?) -->", figure.data.decode())
    assert texts.count("GhostNet-1.0") == texts.count("Hadaptive-Net-L") == 2


def test_names_of_points_close_together_cover_neither_each_other_nor_a_point() -> None:
    points = np.asarray([(100.0 + 7 * i, 100.0 + 5 * (i % 3)) for i in range(9)])
    boxes = placed(points, [(45.0, 9.0)] * 9, np.empty((0, 2)), np.asarray((0.0, 0.0, 300.0, 220.0)))
    for i, box in enumerate(boxes):
        others = np.asarray([other for j, other in enumerate(boxes) if j != i])
        assert _overlap(box[None], others)[0] == 0
        assert _overlap(box[None], _squares(points, 3.0))[0] == 0


def test_a_name_stays_inside_the_frame_and_gets_a_line_only_from_afar() -> None:
    point = np.asarray((2.0, 2.0))
    (box,) = placed(point[None], [(45.0, 9.0)], np.empty((0, 2)), np.asarray((0.0, 0.0, 300.0, 220.0)))
    assert (box[:2] >= 0).all()
    assert leader(point, box) is None
    end = leader(point, box + 50)
    assert end is not None
    assert (end == (box + 50)[:2]).all()
