"""The paper's FLOPs against thop itself, layer by layer and on whole models, and against the table of its rules."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
import torch
from torch import nn

from impls.hadaptive.ach import ACH
from impls.hadaptive.replacing.subjects import IMAGE, network
from impls.hadaptive.replacing.twice_thop import twice_thop

from .models import library


def by_thop(model: nn.Module, shape: tuple[int, ...]) -> float:
    """Twice what the package says; skipped where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports distutils
        thop = pytest.importorskip("thop", reason="thop is not installed", exc_type=ImportError)
    counted, _ = thop.profile(model.eval(), (torch.zeros(shape),), verbose=False)
    return float(2 * counted)


class Subclassed(nn.BatchNorm2d):
    """As another library's BatchNorm."""


LAYERS: list[tuple[nn.Module, tuple[int, ...], int]] = [
    (nn.Conv2d(6, 9, (3, 2), stride=2, padding=1, groups=3, bias=True), (2, 6, 7, 5), 2 * 9 * 4 * 3 * (2 * 6)),
    (nn.Conv1d(3, 5, 3), (2, 3, 7), 2 * 5 * 5 * 9),
    (nn.Linear(7, 3), (2, 5, 7), 2 * 5 * 3 * 7),
    (nn.BatchNorm2d(5), (2, 5, 3, 7), 4 * 210),
    (nn.BatchNorm2d(5, affine=False), (2, 5, 3, 7), 2 * 210),
    (nn.LayerNorm(7), (2, 3, 7), 4 * 42),
    (nn.AdaptiveAvgPool2d(1), (2, 3, 5, 7), 6 * 36),
    (nn.AdaptiveAvgPool2d((2, 3)), (1, 3, 5, 7), 123),  # windows of 35/6 elements
    (nn.AvgPool2d(2), (2, 3, 7, 7), 2 * 3 * 9),
    (nn.Softmax(dim=1), (2, 5, 3), 6 * 14),
    (nn.ReLU(), (2, 5, 3), 0),
    (nn.Hardswish(), (2, 5, 3), 0),
    (nn.MaxPool2d(2), (1, 3, 5, 5), 0),
    (nn.Dropout(), (3, 1), 0),
]


@pytest.mark.parametrize(("layer", "shape", "thop"), LAYERS, ids=lambda one: str(one)[:20])
def test_each_layer_costs_what_thop_says(layer: nn.Module, shape: tuple[int, ...], thop: int) -> None:
    model = nn.Sequential(layer)
    assert twice_thop(model, shape) == 2 * thop
    assert by_thop(model, shape) == 2 * thop


def test_a_subclass_of_a_norm_counts_as_what_it_is() -> None:
    assert twice_thop(nn.Sequential(Subclassed(5)), (1, 5, 3, 1)) == 2 * 4 * 15


@pytest.mark.parametrize(("name", "millions"), [("mobilenet_v3_small", 123.1), ("shufflenet_v2_x1_0", 303.6)])
def test_on_models_of_pytorchs_own_layers_it_is_thop(name: str, millions: float) -> None:
    builder: Any = getattr(library("torchvision.models"), name)
    model = builder(num_classes=100)
    ours = twice_thop(model, IMAGE)
    assert ours == by_thop(model, IMAGE)
    assert round(ours / 1e6, 1) == millions


def test_timms_squeezes_and_norms_count_as_torchvisions() -> None:
    """MobileNetV3 in both libraries, with the same sizes; timm's has its own norms, and means without a layer."""
    theirs = library("torchvision.models").mobilenet_v3_small(num_classes=100)
    timms = library("timm").create_model("mobilenetv3_small_100", num_classes=100)
    assert twice_thop(timms, IMAGE) == twice_thop(theirs, IMAGE)
    assert twice_thop(network("MobileNetV3-S"), IMAGE) < twice_thop(timms, IMAGE)


@pytest.mark.parametrize(("channels", "k", "edge"), [(7, 3, 5), (2, 2, 1)])
def test_ach_costs_its_mixing_its_norm_and_its_scores_and_its_products_nothing(
    channels: int, k: int, edge: int
) -> None:
    area = edge**2
    scores = channels * (area + 1) + 5 * channels
    mixing = (channels**2 + 4 * channels) * area
    for norm, pairs in (("dysoft", 0), ("bn", 4 * math.comb(k, 2) * area)):
        model = ACH(channels, k, norm=norm, backend="torch_eager").train()
        assert twice_thop(model, (3, channels, edge, edge)) == 2 * 3 * (mixing + scores + pairs)
        assert model.training
        assert not next(model.parameters()).is_meta
