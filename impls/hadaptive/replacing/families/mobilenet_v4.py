"""timm's MobileNetV4: in a universal inverted bottleneck, pw_exp (convolution, norm, activation) -> ACH.

The depthwise convolution before, where there is one, stays; the one in the middle and the projection are made for
ACH's channels.
"""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from impls.hadaptive.replacing.family import Family, last, of_class
from impls.hadaptive.replacing.resizing import absent, pointwise, renormed, resized, resqueezed
from impls.hadaptive.replacing.settings import Settings, at_least


def replaced(block: Any, settings: Settings) -> nn.Module:
    """k where not given: the smallest that makes the block at least as wide as it was."""
    widen = pointwise(block.pw_exp.conv, "pw_exp.conv")
    ach = settings.ach(widen.in_channels, at_least(widen.out_channels, widen.in_channels))
    wide = ach.out_channels
    fresh = copy.deepcopy(block)
    fresh.pw_exp = ach
    if not isinstance(block.dw_mid, nn.Identity):
        absent(block.dw_mid.aa, "dw_mid.aa")
        fresh.dw_mid.conv = resized(block.dw_mid.conv, "dw_mid.conv", wide, wide)
        fresh.dw_mid.bn = renormed(block.dw_mid.bn, "dw_mid.bn", wide)
    fresh.se = resqueezed(block.se, "se", wide)
    project = block.pw_proj.conv
    fresh.pw_proj.conv = resized(project, "pw_proj.conv", wide, project.out_channels)
    return fresh  # type: ignore[no-any-return]  # timm's block


FAMILY = Family(
    "MobileNetV4", of_class("timm.models._efficientnet_blocks.UniversalInvertedResidual"), replaced, last(2)
)
