"""Maps of every backbone, both heads, and that scores, offsets and default boxes speak of the same places."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impls.hadaptive.detection.model.anchors import PER_PLACE, STRIDES, anchors, map_edges
from impls.hadaptive.detection.model.detector import Detector, detector
from impls.hadaptive.detection.model.features import BACKBONES, EXTRA, TIMM, features, halving
from impls.hadaptive.detection.model.heads import PRIOR
from impls.hadaptive.network import hadaptive_net
from opbench.errors import UsageError

OWN = {
    "hadaptive_net_s": (64, 96, 128),
    "hadaptive_net_m": (80, 128, 192),
    "hadaptive_net_l": (96, 192, 256, 256),
    "ghostnetv3_100": (40, 80, 160),
    "mobilenetv2_100": (32, 96, 320),
    "mobilenetv3_small_100": (24, 48, 576),
}
"""Channels of each backbone's own maps from stride 8 on."""


@pytest.fixture(scope="module")
def small() -> Detector:
    return detector("hadaptive_net_s", 5, head="lite").eval()


@pytest.mark.parametrize("name", BACKBONES)
def test_five_maps_of_strides_8_to_128(name: str) -> None:
    if name in TIMM:
        pytest.importorskip("timm", reason="timm is not installed")
    maps = features(name).eval()
    assert maps.channels == (*OWN[name], *[EXTRA] * (5 - len(OWN[name])))
    with torch.no_grad():
        found = maps(torch.zeros(1, 3, 192, 192))
    edges = map_edges(192)
    assert [tuple(one.shape) for one in found] == [
        (1, channels, edge, edge) for channels, edge in zip(maps.channels, edges, strict=True)
    ]


def test_the_maps_are_the_networks_own() -> None:
    torch.manual_seed(3)
    maps = features("hadaptive_net_s").eval()
    torch.manual_seed(3)
    network = hadaptive_net("hadaptive_net_s", features_only=True).eval()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        own = network.maps(images)
        found = maps(images)
    kept = [one for one, info in zip(own, network.feature_maps, strict=True) if info.reduction in STRIDES]
    assert len(kept) == 3
    for one, other in zip(kept, found, strict=False):
        assert torch.equal(one, other)


@pytest.mark.parametrize("edge", [1, 2, 5, 10])
def test_a_stage_halves_an_edge_and_rounds_up(edge: int) -> None:
    assert halving(7, 6).eval()(torch.zeros(1, 7, edge, edge)).shape == (1, 6, -(-edge // 2), -(-edge // 2))


@pytest.mark.parametrize("head", ["dense", "lite"])
def test_every_anchor_has_a_logit_of_each_class_and_four_offsets(head: str) -> None:
    logits, offsets = detector("hadaptive_net_s", 3, head=head).eval()(torch.zeros(2, 3, 64, 64))
    assert logits.shape == (2, len(anchors(64)), 3)
    assert offsets.shape == (2, len(anchors(64)), 4)


def test_the_third_of_an_image_that_is_lit_moves_the_anchors_that_lie_there(small: Detector) -> None:
    """Of the finest map, in the order of `anchors`: rows of the image are rows of the answers."""
    images = torch.full((1, 3, 192, 192), 0.5)
    lit = images.clone()
    lit[:, :, 128:, :64] = 1.0  # below, on the left
    with torch.no_grad():
        change = (small(lit)[0] - small(images)[0]).abs().amax(dim=(0, 2))
    finest = change[: PER_PLACE * 24**2].reshape(24, 24, PER_PLACE).amax(dim=2)
    assert finest[18:22, 2:6].min() > 10 * finest[:6, 16:].max()


def test_every_class_scores_the_prior_at_first() -> None:
    model = detector("hadaptive_net_s", 7).eval()
    for module in model.head.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.zeros_(module.weight)
    with torch.no_grad():
        logits, offsets = model(torch.rand(1, 3, 64, 64))
    torch.testing.assert_close(logits.sigmoid(), torch.full_like(logits, PRIOR))
    assert not offsets.any()


def test_images_are_normalised_inside(small: Detector) -> None:
    seen: list[Tensor] = []
    handle = small.features.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        with torch.no_grad():
            small(torch.tensor([0.485, 0.456, 0.406])[None, :, None, None].expand(1, 3, 64, 64))
    finally:
        handle.remove()
    assert seen[0].abs().max() < 1e-6


@pytest.mark.parametrize(
    "images", [torch.zeros(3, 64, 64), torch.zeros(1, 1, 64, 64), torch.zeros(1, 3, 64, 64, dtype=torch.uint8)]
)
def test_what_is_no_batch_of_float_images_is_refused(small: Detector, images: Tensor) -> None:
    with pytest.raises(ValueError, match=r"a detector takes \(B, 3, S, S\), float"):
        small(images)


def test_names_that_do_not_exist_are_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError, match=r"no backbone 'resnet' of the detector; there are: .*hadaptive_net_s"):
        detector("resnet", 3)
    with pytest.raises(UsageError, match=r"no head 'light' of the detector.*there are: dense, lite"):
        detector("hadaptive_net_s", 3, head="light")
    with pytest.raises(UsageError, match="0 classes; expected at least 1"):
        detector("hadaptive_net_s", 0)
