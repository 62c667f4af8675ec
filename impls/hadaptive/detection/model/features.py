"""Five maps of strides 8 to 128 from a backbone: its own where it has them, stages of stride 2 behind it for the rest.

The backbones end at stride 32, Hadaptive-Net-L at 64. The paper does not say what makes the others; here it is
SSDLite's block (arXiv 1801.04381, section 6.2): 1x1 to half the width, 3x3 depthwise at stride 2, 1x1, each with
BatchNorm and Hardswish as in these networks, to 128 channels, the width of Hadaptive-Net-S at stride 32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from impls.hadaptive.blocks import CNA
from impls.hadaptive.detection.model.anchors import STRIDES
from impls.hadaptive.network import hadaptive_net
from impls.hadaptive.variants import VARIANTS
from impls.libraries import library
from opbench.errors import unknown

TIMM = ("ghostnetv3_100", "mobilenetv2_100", "mobilenetv3_small_100")
BACKBONES = (*VARIANTS, *TIMM)
EXTRA = 128


@dataclass(frozen=True)
class Backbone:
    """`body` maps (B, 3, H, W) to a list of maps, of which those at `positions` have these strides and channels."""

    body: nn.Module
    positions: tuple[int, ...]
    channels: tuple[int, ...]
    strides: tuple[int, ...]


class Features(nn.Module):
    """(B, 3, H, W) to five maps, finest first, the i-th of `channels[i]` channels and stride `STRIDES[i]`.

    Maps of a backbone are as it gives them, those of bottlenecks without an activation.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.body, self.positions = backbone.body, backbone.positions
        missing = len(STRIDES) - len(backbone.strides)
        self.channels = (*backbone.channels, *[EXTRA] * missing)
        before = self.channels[-missing - 1 : -1] if missing else ()
        self.extra = nn.ModuleList(halving(channels, EXTRA) for channels in before)

    def forward(self, images: Tensor) -> list[Tensor]:
        given: Sequence[Tensor] = self.body(images)
        maps = [given[at] for at in self.positions]
        for stage in self.extra:
            maps.append(stage(maps[-1]))
        return maps


def features(name: str) -> Features:
    """The maps of a backbone in `BACKBONES`, without weights that others trained.

    Raises UsageError for another name, MachineError without timm for those of it.
    """
    return Features(backbone(name))


def backbone(name: str) -> Backbone:
    """The network alone, from its finest map of use here. Errors as `features`."""
    if name in VARIANTS:
        network = hadaptive_net(name, features_only=True)
        found = [(one.channels, one.reduction) for one in network.feature_maps]
        positions = tuple(at for at, (_, stride) in enumerate(found) if stride in STRIDES)
        return Backbone(network, positions, *_split([found[at] for at in positions]))
    if name not in TIMM:
        raise unknown("backbone", name, BACKBONES, "of the detector")
    network = library("timm").create_model(name, features_only=True, pretrained=False, out_indices=(2, 3, 4))
    info = network.feature_info
    return Backbone(network, (0, 1, 2), tuple(info.channels()), tuple(info.reduction()))


def halving(channels: int, wanted: int) -> nn.Sequential:
    """(B, channels, H, W) to (B, wanted, ceil(H / 2), ceil(W / 2))."""
    inner = wanted // 2
    return nn.Sequential(CNA(channels, inner), CNA(inner, inner, 3, 2, groups=inner), CNA(inner, wanted))


def _split(found: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(channels for channels, _ in found), tuple(stride for _, stride in found)
