"""The facts about the detectors are those of the modules, and an operator's work is that of its network."""

from __future__ import annotations

import pytest

from impls.detectors.building import skeleton
from impls.detectors.models import MODELS, anchor_count
from impls.detectors.operator import OPERATORS
from impls.hadaptive.detection.counts import count
from impls.hadaptive.detection.model.anchors import anchors
from opbench import Point, catalog
from opbench.counting.count import counts_of
from opbench.counting.trace import count_trace
from opbench.errors import UsageError
from opbench.vocabulary.case import AxisValue

EVERY = pytest.mark.parametrize("name", list(MODELS))


SMALL: dict[str, AxisValue] = {"edge": 64, "classes": 3}


def at(name: str, **axes: AxisValue) -> Point:
    return Point(name, catalog.operator(name).complete(SMALL | axes), device="meta")


@EVERY
def test_parameters_and_channels_are_those_of_the_module(name: str) -> None:
    for head, classes in (("dense", 7), ("lite", 80)):
        module, model = skeleton(name, head, classes), MODELS[name]
        assert module.features.channels == model.channels
        assert sum(one.numel() for one in module.parameters()) == model.parameters(head, classes)


def test_anchors_are_as_many_as_there_are() -> None:
    assert anchor_count(320) == 12_804
    for edge in (64, 192):
        assert anchor_count(edge) == len(anchors(edge))


def test_every_detector_is_an_operator_under_a_literal_name() -> None:
    assert list(OPERATORS) == list(MODELS)
    assert all(catalog.operators()[name] == "impls.detectors" and OPERATORS[name].name == name for name in MODELS)
    assert catalog.backend_names("ssd_hadaptive_s") == ["ort_custom", "ort_stock", "torch_eager"]


@pytest.mark.parametrize(("head", "classes"), [("dense", 80), ("lite", 5)])
def test_work_has_the_convolutions_of_backbone_stages_and_head(head: str, classes: int) -> None:
    """And of ACH's selection the 5 taps a channel, which no layer of two dimensions has."""
    name = "ssd_hadaptive_s"
    work = catalog.operator(name).work(at(name, edge=320, head=head, classes=classes))
    counted = count("hadaptive_net_s", head, classes, 320)
    assert 0 <= work.macs - counted.whole.macs <= 5 * 128 * 8


@pytest.mark.parametrize("nms", [False, True])
def test_fvcore_counts_the_same(nms: bool) -> None:
    name = "ssd_hadaptive_s"
    operator, point = catalog.operator(name), at(name, nms=nms, batch=3)
    expected = counts_of(operator.work(point))
    assert expected["macs"] > 0
    assert count_trace(operator.eager(point), tuple(operator.inputs(point).values())) == expected


def test_post_processing_adds_what_no_data_decides_and_writes_a_hundred_rows() -> None:
    name = "ssd_mobilenetv3_small_100"
    network, whole = (catalog.operator(name).work(at(name, nms=nms, batch=2)) for nms in (False, True))
    assert whole.macs == network.macs
    decoded = 2 * 1000
    assert 10 * decoded <= whole.elementwise - network.elementwise <= 30 * decoded
    assert network.bytes_written == 4 * 2 * 516 * (3 + 4)
    assert whole.bytes_written == 4 * 2 * 100 * 6
    assert whole.bytes_read - network.bytes_read == 4 * 4 * 516


@pytest.mark.parametrize("edge", [65, 100])
def test_an_edge_between_multiples_of_64_is_refused(edge: int) -> None:
    operator, point = catalog.operator("ssd_hadaptive_s"), at("ssd_hadaptive_s", edge=edge)
    for ask in (lambda: operator.inputs(point), lambda: operator.work(point), lambda: operator.sizes(point.axes)):
        with pytest.raises(UsageError, match=f"images of {edge} pixels; expected a multiple of 64"):
            ask()
