"""timm's MobileNetV4: in a universal inverted bottleneck, pw_exp (convolution, norm, activation) -> ACH.

The depthwise convolution before, where there is one, stays; the one in the middle and the projection are made for
ACH's channels. In the paper's form the block also gets what MobileNetV3's last blocks have: a squeeze-and-excitation
to a quarter, and 5x5 in the middle.
"""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from impls.hadaptive.replacing.family import Family, last, of_class
from impls.hadaptive.replacing.resizing import (
    absent,
    multiple_of_8,
    pointwise,
    renormed,
    resized,
    resqueezed,
    with_kernel,
)
from impls.hadaptive.replacing.settings import PAPER, Settings, at_least
from impls.libraries import library

PAPERS_K = 32
KERNEL = 5


def replaced(block: Any, settings: Settings) -> nn.Module:
    """k where not given: in the paper's form 32, as in its MobileNetV3, or all channels where there are fewer; in the
    plain form the smallest that makes the block at least as wide as it was.
    """
    widen = pointwise(block.pw_exp.conv, "pw_exp.conv")
    plain_k = at_least(widen.out_channels, widen.in_channels)
    ach = settings.ach(widen.in_channels, min(PAPERS_K, widen.in_channels) if settings.form == PAPER else plain_k)
    wide = ach.out_channels
    fresh = copy.deepcopy(block)
    fresh.pw_exp = ach
    if not isinstance(block.dw_mid, nn.Identity):
        absent(block.dw_mid.aa, "dw_mid.aa")
        fresh.dw_mid.conv = resized(block.dw_mid.conv, "dw_mid.conv", wide, wide)
        fresh.dw_mid.bn = renormed(block.dw_mid.bn, "dw_mid.bn", wide)
    fresh.se = resqueezed(block.se, "se", wide)
    if settings.form == PAPER:
        _as_in_mobilenet_v3(fresh, wide)
    project = block.pw_proj.conv
    fresh.pw_proj.conv = resized(project, "pw_proj.conv", wide, project.out_channels)
    return fresh  # type: ignore[no-any-return]  # timm's block


def _as_in_mobilenet_v3(block: Any, wide: int) -> None:
    """Depthwise kernels of 5x5 at least, and a squeeze-and-excitation where there is none."""
    if not isinstance(block.dw_mid, nn.Identity) and max(block.dw_mid.conv.kernel_size) < KERNEL:
        block.dw_mid.conv = with_kernel(block.dw_mid.conv, "dw_mid.conv", KERNEL)
    if isinstance(block.se, nn.Identity):
        squeeze = library("timm.models._efficientnet_blocks").SqueezeExcite
        block.se = squeeze(wide, rd_channels=multiple_of_8(wide / 4), gate_layer="hard_sigmoid")


FAMILY = Family(
    "MobileNetV4", of_class("timm.models._efficientnet_blocks.UniversalInvertedResidual"), replaced, last(2)
)
