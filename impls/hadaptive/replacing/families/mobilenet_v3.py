"""timm's MobileNetV3, and what else timm builds of the same inverted residual: MobileNetV2, EfficientNet, ...

conv_pw, bn1 with its activation -> ACH; the rest of the block is made for ACH's channels. Blocks without an expansion
(timm's depthwise-separable first one) have nothing to replace.
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
    widen = pointwise(block.conv_pw, "conv_pw")
    absent(block.aa, "aa")
    ach = settings.ach(widen.in_channels, at_least(widen.out_channels, widen.in_channels))
    wide = ach.out_channels
    fresh = copy.deepcopy(block)
    fresh.conv_pw, fresh.bn1 = ach, nn.Identity()
    fresh.conv_dw = resized(block.conv_dw, "conv_dw", wide, wide)
    fresh.bn2 = renormed(block.bn2, "bn2", wide)
    fresh.se = resqueezed(block.se, "se", wide)
    fresh.conv_pwl = resized(block.conv_pwl, "conv_pwl", wide, block.conv_pwl.out_channels)
    return fresh  # type: ignore[no-any-return]  # timm's block


FAMILY = Family("MobileNetV3", of_class("timm.models._efficientnet_blocks.InvertedResidual"), replaced, last(2))
