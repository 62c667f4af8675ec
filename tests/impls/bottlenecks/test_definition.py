"""What the bottlenecks are as operators: the modules' own block, its sizes, its arithmetic, and what they refuse."""

from __future__ import annotations

import math

import pytest
import torch

from impls.bottlenecks.definition.geometry import Geometry
from impls.bottlenecks.geometry_of import geometry_of
from impls.bottlenecks.modules import block_of, fold
from impls.bottlenecks.networks import bottlenecks_of
from impls.expansion.references import strongest
from impls.hadaptive.config import Convolution
from impls.network.variants import config_of
from impls.network.work import Tally
from opbench import Point, catalog
from opbench.errors import UsageError
from opbench.measure.compare import compare
from opbench.vocabulary.case import AxisValue

from ...rows import rows
from .points import OPERATORS, at, checked, scores_of

NETWORKS = ("hadaptive_s", "hadaptive_m", "hadaptive_l")


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@rows("point", [point for name in OPERATORS for point in checked(name, "float64")])
def test_the_reference_is_the_networks_own_block(point: Point) -> None:
    if point.axes.get("selected", 2) < 2:  # which makes no pairs, and which the module refuses
        return
    operator = catalog.operator(point.operator)
    inputs = operator.inputs(point)
    want = operator.reference(point, inputs)
    for block in (block_of(point, inputs, "torch_eager"), fold(block_of(point, inputs, "torch_eager"), torch.float64)):
        torch.testing.assert_close(block(inputs["x"]), want, rtol=1e-11, atol=1e-11)


@rows("point", [point for name in OPERATORS for point in checked(name)])
def test_the_bytes_are_the_inputs_and_the_output_alone(point: Point) -> None:
    operator = catalog.operator(point.operator)
    inputs = operator.inputs(point)
    work = operator.work(point)
    assert work.bytes_read == sum(tensor.numel() for tensor in inputs.values()) * 4
    assert work.bytes_written == operator.reference(point, inputs).numel() * 4


@pytest.mark.parametrize("network", NETWORKS)
def test_a_networks_arithmetic_is_its_bottlenecks_its_stem_and_its_head(network: str) -> None:
    config, axes = config_of(network), {"batch": 1, "edge": 224, "threads": 0}
    rest, channels, layers = Tally(224), 3, iter(config.layers)
    for layer in layers:
        if not isinstance(layer, Convolution):
            break
        rest.layer(channels, layer)
        channels = layer.channels
    parts = bottlenecks_of(network, axes)
    rest.edge = geometry_of(Point(parts[-1].operator, parts[-1].axes)).out_edge
    rest.head(config)
    works = [(part.count, catalog.operator(part.operator).work(Point(part.operator, part.axes))) for part in parts]
    whole = catalog.operator(network).work(at(network, edge=224))
    assert whole.macs == rest.macs + sum(count * work.macs for count, work in works)
    assert whole.products == sum(count * work.products for count, work in works)
    assert whole.elementwise == rest.elementwise + sum(count * work.elementwise for count, work in works)


def test_the_values_are_the_same_in_both_layouts_and_lie_in_memory_as_asked() -> None:
    for name in OPERATORS:
        last, first = (
            catalog.operator(name).inputs(at(name, layout=one)) for one in ("channels_last", "channels_first")
        )
        assert all(torch.equal(last[key], first[key]) for key in first)
        assert last["x"].is_contiguous(memory_format=torch.channels_last)
        assert first["x"].is_contiguous()
        assert not last["x"].is_contiguous()


def test_every_sample_selects_otherwise_and_its_scores_lie_apart() -> None:
    for k, edge in ((16, 14), (36, 3)):
        point = at("ach_bottleneck", batch=3, edge=edge, selected=k)
        scores = scores_of(catalog.operator("ach_bottleneck").inputs(point))
        assert len({tuple(sorted(row)) for row in strongest(scores, k).tolist()}) == 3
        ordered = scores.sort(dim=1, descending=True).values[:, : k + 1]
        assert ((ordered[:, :-1] - ordered[:, 1:]) / ordered[:, :-1]).min() > 0.04


@rows(
    "kernel, stride, edge, out_edge",
    [(3, 1, 7, 7), (7, 1, 1, 1), (4, 1, 5, 5), (1, 1, 3, 3), (2, 1, 1, 1), (2, 2, 7, 3), (2, 2, 2, 1), (3, 3, 8, 3)],
)
def test_the_edge_stays_at_stride_1_and_windows_of_2_tile_it_at_stride_2(
    kernel: int, stride: int, edge: int, out_edge: int
) -> None:
    assert Geometry(1, 1, 1, edge, 1, kernel, stride).out_edge == out_edge


@rows(
    "operator, axes, told",
    [
        ("ach_bottleneck", {"kernel": 5, "stride": 2}, "kernel is 5 at stride 2; a bottleneck has kernel 2 there"),
        (
            "ach_bottleneck",
            {"kernel": 2, "stride": 2, "edge": 1},
            "edge is 1, 1 with its padding; expected at least .* 2",
        ),
        ("ach_bottleneck", {"channels": 5, "selected": 7}, "selected is 7; expected at most the 5 channels"),
        ("ach_bottleneck", {"batchnorm": 2}, "batchnorm is 2; expected 0"),
        ("ghost_bottleneck", {"channels": 3, "ratio": 0.3}, "ratio is 0.3 of 3 channels; expected at least one"),
        ("ghost_bottleneck", {"ratio": -1.0}, "ratio is -1 of 128 channels"),
    ],
)
def test_axes_that_do_not_go_together_are_refused(operator: str, axes: dict[str, AxisValue], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        catalog.operator(operator).sizes(catalog.operator(operator).complete(axes))


@pytest.mark.parametrize("name", OPERATORS)
def test_zeros_a_shifted_channel_and_a_turned_map_do_not_pass(name: str) -> None:
    operator, point = catalog.operator(name), checked(name)[0]
    want = operator.reference(point, operator.inputs(point))
    for wrong in (torch.zeros_like(want), want.roll(1, dims=1), want.flip(2)):
        assert compare(wrong.float(), want, operator.tolerances["float32"], torch.float32).misses > want.numel() // 4


def test_the_wide_map_counts_in_neither_direction() -> None:
    """Of 404 channels at 14x14 not one byte, though they are what the parts move most of."""
    point = at("ach_bottleneck")
    wide = math.prod((1, 404, 14, 14)) * 4
    assert geometry_of(point).expanded == 404
    assert catalog.operator("ach_bottleneck").work(point).bytes_written == wide * 128 // 404
