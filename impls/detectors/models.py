"""Which detectors there are, and the facts about them that nobody should have to build them for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from impls.hadaptive.detection.model.anchors import PER_PLACE, map_edges

CLASSES = 80
"""COCO's. The paper's are not said to be others."""

MOST, FIELDS = 100, 6
"""Rows of an image's detections, `postprocess.MOST`, and what a row has: x1 y1 x2 y2, score, class."""


@dataclass(frozen=True)
class Model:
    """What is known of one detector without building it.

    name: the operator's.
    label: the backbone's, as the paper has it.
    backbone: a name of `impls.hadaptive.detection.model.features`.
    channels: of the five maps, finest first.
    features: parameters that train in the backbone and the stages behind it.
    near: how far float32 may move a logit of an image's best. The root mean square of errors of the 300 best is 2e-6 to
        5e-6, and 1e-5 to 5e-5 on MobileNetV2; neighbours among the 100 best lie 0.01 apart in the median.
    calm: how much of a MobileNet's block is added to what comes past it. Of weights drawn at random seventeen full
        blocks of MobileNetV2 make so much of the image's last bits that no exported file can be told to be right.
    """

    name: str
    label: str
    backbone: str
    channels: tuple[int, ...]
    features: int
    near: float = 2e-5
    calm: float = 1.0

    @property
    def selects(self) -> bool:
        """Whether it has operators of ours inside."""
        return self.backbone.startswith("hadaptive")

    def parameters(self, head: str, classes: int) -> int:
        """All that train, with a head of this kind."""
        return self.features + sum(
            _HEADS[head](channels, PER_PLACE * outputs) for outputs in (classes, 4) for channels in self.channels
        )


def _dense(channels: int, outputs: int) -> int:
    """A 3x3 convolution with a bias."""
    return (9 * channels + 1) * outputs


def _lite(channels: int, outputs: int) -> int:
    """A 3x3 depthwise convolution, BatchNorm, and a 1x1 convolution with a bias."""
    return 11 * channels + (channels + 1) * outputs


_HEADS: Mapping[str, Callable[[int, int], int]] = {"dense": _dense, "lite": _lite}


def anchor_count(edge: int) -> int:
    """Default boxes of an image of this edge: 12,804 for 320. Raises UsageError for an edge that has none."""
    return PER_PLACE * sum(found * found for found in map_edges(edge))


def _rows() -> Iterator[Model]:
    yield Model("ssd_hadaptive_s", "Hadaptive-Net-S", "hadaptive_net_s", (64, 96, 128, 128, 128), 654_596)
    yield Model("ssd_hadaptive_m", "Hadaptive-Net-M", "hadaptive_net_m", (80, 128, 192, 128, 128), 1_590_848)
    yield Model("ssd_hadaptive_l", "Hadaptive-Net-L", "hadaptive_net_l", (96, 192, 256, 256, 128), 4_530_442)
    yield Model(
        *("ssd_mobilenetv2_100", "MobileNetV2-1.0", "mobilenetv2_100", (32, 96, 320, 128, 128), 1_858_944),
        near=4e-5,
        calm=0.25,
    )
    yield Model("ssd_mobilenetv3_small_100", "MobileNetV3-S", "mobilenetv3_small_100", (24, 48, 576, 128, 128), 990_624)


MODELS = {one.name: one for one in _rows()}
