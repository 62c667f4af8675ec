"""Eager PyTorch gives the reference's scores, offsets and boxes, and what is wrong or undecided does not pass."""

from __future__ import annotations

import pytest
import torch

from impls.detectors import reference as referring
from impls.detectors.backends.torch_eager import module_for
from impls.detectors.building import build
from opbench import Case, Check, Point, Unavailable, catalog
from opbench.measure.compare import compare
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.case import AxisValue
from opbench.vocabulary.record import Outcome
from opbench.vocabulary.settings import Settings

NAME = "ssd_hadaptive_s"

SMALL: dict[str, AxisValue] = {"edge": 64, "classes": 3, "head": "lite"}


def at(name: str = NAME, **axes: AxisValue) -> Point:
    return Point(name, catalog.operator(name).complete(SMALL | axes))


def verdicts(point: Point, *backends: str) -> dict[str, Check | Outcome]:
    with torch.no_grad():
        return PointMeasurement(point, [Case(point, one) for one in backends], Settings(), lambda *_: None).verify(
            catalog.operator(point.operator)
        )


@pytest.mark.parametrize("axes", catalog.operator(NAME).check_points, ids=str)
def test_eager_matches_the_reference_at_every_check_point(axes: dict[str, AxisValue]) -> None:
    point = Point(NAME, catalog.operator(NAME).complete(axes))
    (check,) = verdicts(point, "torch_eager").values()
    assert isinstance(check, Check), check


@pytest.mark.parametrize("nms", [False, True])
def test_so_it_does_on_a_backbone_of_others(nms: bool) -> None:
    (check,) = verdicts(at("ssd_mobilenetv3_small_100", nms=nms), "torch_eager").values()
    assert isinstance(check, Check), check


def test_our_library_is_not_asked_for_a_detector_without_our_operators() -> None:
    (outcome,) = verdicts(at("ssd_mobilenetv3_small_100"), "ort_custom").values()
    assert isinstance(outcome, Unavailable)
    assert "no operator of ours inside; ort_stock runs the same file" in outcome.reason


@torch.no_grad()
@pytest.mark.parametrize("nms", [False, True])
def test_a_wrong_detector_does_not_pass(nms: bool) -> None:
    point = at(nms=nms, batch=2)
    operator = catalog.operator(NAME)
    inputs, module = operator.inputs(point), module_for(point)
    want, tolerance = operator.reference(point, inputs), operator.tolerance(point)
    right = module(inputs["x"])
    assert compare(right, want, tolerance, torch.float32).passed
    assert not compare(right * 1.001, want, tolerance, torch.float32).passed
    assert not compare(module(inputs["x"].flip(0)), want, tolerance, torch.float32).passed
    if nms:
        swapped = right.clone()
        swapped[0, [0, 1]] = right[0, [1, 0]]
        assert not compare(swapped, want, tolerance, torch.float32).passed


def test_channel_scores_that_lie_close_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referring, "gap", lambda *_: 1e-9)
    operator, point = catalog.operator(NAME), at()
    with pytest.raises(Exception, match=r"two channel scores of features\.body\..* lie 1e-09 apart"):
        operator.reference(point, operator.inputs(point))


@torch.no_grad()
def test_the_image_and_the_weights_are_the_same_whatever_is_made_of_it() -> None:
    operator = catalog.operator(NAME)
    network, whole = (operator.inputs(at(nms=nms))["x"] for nms in (False, True))
    assert torch.equal(network, whole)
    assert float(network.min()) >= 0
    assert float(network.max()) <= 1
    torch.manual_seed(11)
    state = torch.get_rng_state()
    first = {name: one.clone() for name, one in build(NAME, "lite", 3).state_dict().items()}
    build.cache_clear()
    again = build(NAME, "lite", 3).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(one, first[name]) for name, one in again.items())
