"""The all-Ghost twin: equal shapes everywhere, and no product left."""

from __future__ import annotations

import pytest
import torch

from impls.hadaptive.ach import ACH
from impls.hadaptive.all_ghost import all_ghost
from impls.hadaptive.blocks import AdaptiveBottleneck
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.network import build
from impls.hadaptive.variants import VARIANTS
from opbench.errors import UsageError


@pytest.mark.parametrize("name", VARIANTS)
def test_every_layer_has_the_shapes_of_the_network_it_stands_for(name: str) -> None:
    config = VARIANTS[name]
    twin = all_ghost(config)
    with torch.device("meta"):
        networks = build(config), build(twin)
    assert not any(isinstance(one, ACH) for one in networks[1].modules())
    assert len(config.layers) == len(twin.layers)
    for one, other in zip(networks[0].body, networks[1].body, strict=True):
        if isinstance(one, AdaptiveBottleneck):
            assert isinstance(other, AdaptiveBottleneck)
            assert one.spread[0].weight.shape == other.spread[0].weight.shape
            assert one.project[0].weight.shape == other.project[0].weight.shape


def test_what_is_no_product_stays() -> None:
    config = VARIANTS["hadaptive_net_m"]
    for one, other in zip(config.layers, all_ghost(config).layers, strict=True):
        assert one == other or isinstance(one, HadaBottleneck)


def test_the_expanded_width_is_exact_where_the_quotient_rounds_down() -> None:
    for channels in range(2, 200):
        for k in range(2, min(channels, 40) + 1):
            config = NetworkConfig((Convolution(channels), HadaBottleneck(channels, k)))
            actual = all_ghost(config).layers[1]
            assert isinstance(actual, GhostBottleneck)
            assert int(channels * actual.ratio) == channels + k * (k - 1) // 2


def test_an_expansion_of_the_image_itself_is_refused() -> None:
    with pytest.raises(UsageError, match="layer 0 is a HadaBottleneck on the image"):
        all_ghost(NetworkConfig((HadaBottleneck(7, 2),)))
