"""Parameters and MACs of the three networks, to the unit, by three counters that do not share their formulas."""

from __future__ import annotations

import warnings
from collections import Counter

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from impls.hadaptive.ach_parts.selection import ChannelScores
from impls.hadaptive.counting import count_module, trainable
from impls.hadaptive.network import HadaptiveNet, hadaptive_net

COUNTS = {
    "hadaptive_net_s": (2_102_632, 130_994_400),
    "hadaptive_net_m": (3_096_228, 338_702_668),
    "hadaptive_net_l": (6_110_638, 668_915_192),
}
"""Parameters that train, and MACs of convolutions and linear layers, at 100 classes and 224x224."""

IMAGE = (1, 3, 224, 224)


@pytest.fixture(scope="module", params=COUNTS)
def network(request: pytest.FixtureRequest) -> tuple[HadaptiveNet, int, int]:
    parameters, macs = COUNTS[request.param]
    return hadaptive_net(request.param, backend="torch_eager").eval(), parameters, macs


def test_the_parameters_that_train(network: tuple[HadaptiveNet, int, int]) -> None:
    assert trainable(network[0]) == network[1]


def test_the_macs_by_the_suites_own_counting(network: tuple[HadaptiveNet, int, int]) -> None:
    actual = count_module(network[0], IMAGE)
    assert {by: counts["macs"] for by, counts in actual.items() if not isinstance(counts, str)} == {
        "fvcore": network[2],
        "torch": network[2],
    }
    assert actual["fvcore"] == actual["torch"]


def test_the_macs_by_fvcore_alone(network: tuple[HadaptiveNet, int, int]) -> None:
    pytest.importorskip("fvcore", reason="fvcore is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fvcore's own, of torch.jit
        from fvcore.nn import FlopCountAnalysis

        analysis = FlopCountAnalysis(network[0], torch.zeros(IMAGE))
        analysis.unsupported_ops_warnings(enabled=False)
        actual = analysis.by_operator()
    assert int(actual["conv"] + actual["linear"]) == network[2]


def test_the_macs_by_torchs_counter_alone(network: tuple[HadaptiveNet, int, int]) -> None:
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        network[0](torch.zeros(IMAGE))
    actual = Counter({str(name): flops for name, flops in counter.get_flop_counts()["Global"].items()})
    assert actual["aten.convolution"] + actual["aten.addmm"] == 2 * network[2]


def test_the_scores_are_among_the_macs_five_per_channel() -> None:
    actual = count_module(ChannelScores(), (2, 7, 3, 5))
    assert actual["torch"] == {"macs": 2 * 7 * 5, "products": 0, "elementwise": 2 * 7 * 15}


def test_counting_leaves_the_module_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5)).train()
    count_module(module, (1, 3, 7, 7))
    assert module.training
    assert not any(one.is_meta for one in module.parameters())
