"""The networks by the compiled layers: scores and selections of the networks as they are, at any size and batch."""

from __future__ import annotations

import pytest
import torch

from impls.hadaptive.fused.margins import undecided
from impls.hadaptive.fused.network import fused
from impls.network.launches import network_of
from opbench import Point, catalog

from .networks import images, net, off
from .test_network import NEAR, chosen

pytestmark = pytest.mark.compiler


@pytest.mark.parametrize(("batch", "edge"), [(1, 8), (3, 29), (2, 61)])
def test_every_kind_of_layer_at_sizes_that_nothing_divides(batch: int, edge: int) -> None:
    model, x = net(), images(batch, edge)
    quick = fused(model)
    assert not undecided(model, x).any()
    assert off(quick(x), model(x)) < NEAR
    selected = quick.selections(x)
    assert selected
    assert all(torch.equal(index, chosen(model, x)[name]) for name, index in selected.items())


@pytest.mark.parametrize("threads", [1, 2])
def test_maps_by_any_number_of_threads(threads: int) -> None:
    model, x = net(features_only=True), images()
    torch.set_num_threads(threads)
    got, want = fused(model)(x), model(x)
    assert all(off(*both) < NEAR for both in zip(got, want, strict=True))


@pytest.mark.parametrize("name", ["hadaptive_s", "hadaptive_m", "hadaptive_l"])
def test_the_papers_networks_are_one_call(name: str) -> None:
    operator = catalog.operator(name)
    point = Point(name, operator.complete(operator.check_points[1]))
    inputs = operator.inputs(point)
    model = network_of(point, inputs, "torch_select")
    quick = fused(model)
    assert quick.left == ()
    assert not undecided(model, inputs["x"]).any()
    assert off(quick(inputs["x"]), model(inputs["x"])) < NEAR
