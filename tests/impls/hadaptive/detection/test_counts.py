"""Parameters and MACs of every part, against sums written down from the shapes."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from impls.hadaptive.detection import counts
from impls.hadaptive.detection.counts import Parts
from impls.hadaptive.detection.model.detector import detector
from impls.hadaptive.network import hadaptive_net

PLACES = (1600, 400, 100, 25, 9)
OURS = {
    "hadaptive_net_s": (64, 96, 128, 128, 128),
    "hadaptive_net_l": (96, 192, 256, 256, 128),
}
"""Channels of the five maps."""
VALUES = 6 * (80 + 4)
"""Scores and offsets at a place."""


@pytest.fixture(scope="module", params=OURS)
def dense(request: pytest.FixtureRequest) -> tuple[str, Parts]:
    return request.param, counts.count(request.param, "dense", 80)


def test_the_dense_head_is_a_3x3_convolution_with_bias_on_every_map(dense: tuple[str, Parts]) -> None:
    name, parts = dense
    assert parts.head.parameters == sum(9 * channels * VALUES + VALUES for channels in OURS[name])
    assert parts.head.macs == sum(9 * c * VALUES * places for c, places in zip(OURS[name], PLACES, strict=True))


def test_the_lite_head_is_two_depthwise_convolutions_and_their_projections() -> None:
    parts = counts.count("hadaptive_net_s", "lite", 80)
    channels = OURS["hadaptive_net_s"]
    assert parts.head.macs == sum(c * (2 * 9 + VALUES) * places for c, places in zip(channels, PLACES, strict=True))
    assert parts.head.parameters == sum(c * (2 * (9 + 2) + VALUES) + VALUES for c in channels)


def test_the_extra_stages_are_two_on_s_and_one_on_l(dense: tuple[str, Parts]) -> None:
    name, parts = dense
    inputs = (128, 128) if name == "hadaptive_net_s" else (256,)
    assert parts.extra.parameters == sum(c * 64 + 64 * 9 + 64 * 128 + 2 * (64 + 64 + 128) for c in inputs)
    places = (100, 25, 9)[-len(inputs) - 1 :]
    macs = [
        c * 64 * before + 64 * 9 * after + 64 * 128 * after
        for c, before, after in zip(inputs, places, places[1:], strict=False)
    ]
    assert parts.extra.macs == sum(macs)


def test_the_backbone_is_the_network_without_its_classifier(dense: tuple[str, Parts]) -> None:
    name, parts = dense
    network = hadaptive_net(name, features_only=True)
    assert parts.backbone.parameters == sum(one.numel() for one in network.parameters())
    assert parts.whole.parameters == parts.backbone.parameters + parts.extra.parameters + parts.head.parameters


def test_torchs_counter_alone_finds_the_same_macs() -> None:
    model = detector("hadaptive_net_s", 80).eval()
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(torch.zeros(1, 3, 320, 320))
    flops = {str(name): count for name, count in counter.get_flop_counts()["Global"].items()}
    assert flops["aten.convolution"] == 2 * counts.count("hadaptive_net_s", "dense", 80).whole.macs


def test_counting_says_its_columns(dense: tuple[str, Parts]) -> None:
    name, parts = dense
    row = counts.line(name, "dense", parts)
    assert row.count("|") == counts.HEADER.count("|") == 12
    assert f"| {parts.whole.parameters / 1e6:.3f} |" in row
