"""Detectors: time with and without post-processing, its share, and the paper's figures, which nobody measured here."""

from __future__ import annotations

import pytest

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Outcome, Record, Unavailable
from reports.figures import latency, speedup
from reports.models.classifiers import told_as
from reports.models.detectors import share_behind
from reports.models.reported import table6
from reports.pages import summary
from reports.tables.detection_table import REPORT

from ..builders import measured, record
from ..model_builders import cells, html, model, values

STEM = "detection_cpu_2_threads"


def detector(
    operator: str = "ssd_hadaptive_s",
    backend: str = "ort_stock",
    outcome: Outcome | float = 0.02,
    *,
    nms: bool = False,
    batch: int = 1,
    threads: int = 2,
) -> Record:
    return record(
        measured(outcome) if isinstance(outcome, float) else outcome,
        backend,
        operator,
        sizes={"parameters": 3_124_700, "anchors": 12_804},
        macs=970 * 10**6 * batch,
        batch=batch,
        edge=320,
        classes=80,
        head="dense",
        nms=nms,
        threads=threads,
    )


def test_the_papers_rows_are_in_percent_and_in_its_order() -> None:
    assert list(table6()) == [
        *("MobileNetV3-S", "MobileNetV2-1.0", "GhostNetV3-1.0"),
        *(f"Hadaptive-Net-{size}" for size in "SML"),
    ]
    assert (table6()["Hadaptive-Net-L"].map_percent, table6()["Hadaptive-Net-L"].miou_percent) == (23.2, 73.4)


def test_a_run_without_detectors_has_no_table() -> None:
    assert REPORT.render([]) == []
    assert REPORT.render([model(), record()]) == []


def test_a_row_has_sizes_both_times_and_the_share_of_post_processing() -> None:
    artifacts = REPORT.render([detector(outcome=0.03), detector(outcome=0.04, nms=True)])
    (row,) = cells(artifacts, STEM)
    assert row[:3] == ["Hadaptive-Net-S|dense head, 80 classes", "3.12", "970"]
    assert [row[3].partition("|")[0], row[4].partition("|")[0]] == ["30.0", "40.0"]
    assert "|boxes 25 % (" in row[4]
    assert row[5:] == ["22.1", "72.4"]
    (line,) = values(artifacts, STEM)
    assert float(line["ort_stock.share_of_boxes"]) == pytest.approx(0.25)
    assert float(line["ort_stock.network.median_s"]) == pytest.approx(0.03)
    assert float(line["reported_map_percent"]) == 22.1


def test_what_was_not_measured_is_said_and_has_no_share() -> None:
    records = [
        detector("ssd_mobilenetv2_100"),
        detector("ssd_mobilenetv2_100", outcome=Unavailable("no room"), nms=True),
        detector("ssd_hadaptive_m", "torch_eager"),
    ]
    first, second = cells(REPORT.render(records), STEM)
    assert first[0].startswith("MobileNetV2-1.0")  # the paper's order
    assert first[3:5] == ["–", "–"]
    assert first[5].startswith("20.0")
    assert first[6] == "unavailable"
    assert second[3].startswith("20.0")
    assert second[4] == "–"
    assert "boxes" not in "".join((*first, *second))


def test_places_have_tables_of_their_own_and_other_batches_none() -> None:
    records = [detector(), detector(threads=1), detector(batch=4)]
    stems = {artifact.name for artifact in REPORT.render(records)}
    assert {f"tables/{STEM}.html", "tables/detection_cpu_1_thread.html"} <= stems
    assert len(stems) == 4
    assert len(cells(REPORT.render(records), STEM)) == 1


def test_the_paper_is_named_for_what_is_its_own() -> None:
    artifacts = REPORT.render([detector()])
    assert "%, reported, COCO" in html(artifacts, STEM)
    (shown,) = (one for one in artifacts if one.name.endswith(".html"))
    assert "nothing of them was measured here" in shown.caption
    assert "does not have MobileNetV3-S, MobileNetV2-1.0, GhostNetV3-1.0" in shown.caption


def test_detectors_are_told_as_one_and_stand_in_no_figure_over_an_axis() -> None:
    records = [detector(), detector(backend="torch_eager"), detector("ssd_hadaptive_m"), model(), record()]
    assert summary.subjects(records) == ["1 image classifiers", "2 detectors", "rowsum"]
    assert told_as(records)["ssd_hadaptive_m"] == "detectors"
    detectors = [detector(backend=name, nms=nms) for name in ("ort_stock", "torch_eager") for nms in (False, True)]
    assert latency.REPORT.render(detectors) == []
    assert speedup.REPORT.render(detectors) == []
    assert {gain.operator for gain in summary.gains(detectors)} == {"detectors"}


@pytest.mark.parametrize(("network", "whole", "share"), [(3.0, 4.0, 0.25), (4.0, 4.0, 0.0), (5.0, 4.0, -0.25)])
def test_the_share_is_what_the_network_leaves(network: float, whole: float, share: float) -> None:
    of_network, of_whole = (Interval(one * 0.9, one, one * 1.1) for one in (network, whole))
    found = share_behind(of_network, of_whole)
    assert found.mid == pytest.approx(share)
    assert found.low < found.mid < found.high
