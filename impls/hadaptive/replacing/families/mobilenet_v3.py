"""timm's MobileNetV3, and what else timm builds of the same inverted residual: MobileNetV2, EfficientNet, ...

conv_pw, bn1 with its activation -> ACH; the rest of the block is made for ACH's channels. Blocks without an expansion
(timm's depthwise-separable first one) have nothing to replace: `replace_with_ach` leaves them, and `widened` puts an
ACH before what they have, for table 2.
"""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from impls.hadaptive.replacing.family import Family, last, of_class
from impls.hadaptive.replacing.resizing import absent, plain, pointwise, renormed, resized, resqueezed
from impls.hadaptive.replacing.settings import Settings, at_least

WIDENS = "timm.models._efficientnet_blocks.InvertedResidual"
KEEPS = "timm.models._efficientnet_blocks.DepthwiseSeparableConv"
"""The two kinds of bottlenecks: with an expansion, and without."""


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


def widened(block: Any, settings: Settings) -> nn.Module:
    """A block without an expansion, with ACH before its depthwise convolution. Errors as `replaced`.

    k where not given: 2, the smallest there is.
    """
    convolution = plain(block.conv_dw, "conv_dw")
    absent(block.aa, "aa")
    ach = settings.ach(convolution.in_channels, at_least(convolution.in_channels, convolution.in_channels))
    wide = ach.out_channels
    fresh = copy.deepcopy(block)
    fresh.conv_dw = nn.Sequential(ach, resized(convolution, "conv_dw", wide, wide))
    fresh.bn1 = renormed(block.bn1, "bn1", wide)
    fresh.se = resqueezed(block.se, "se", wide)
    fresh.conv_pw = resized(block.conv_pw, "conv_pw", wide, block.conv_pw.out_channels)
    return fresh  # type: ignore[no-any-return]  # timm's block


FAMILY = Family("MobileNetV3", of_class(WIDENS), replaced, last(2))
