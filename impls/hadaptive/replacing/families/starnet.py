"""timm's StarNet: the star, a product of two widened copies of the input, -> ACH, products among its channels.

f1, f2 and the activation on f1 go; both depthwise convolutions and the residual stay; g is made for ACH's channels.
"""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn

from impls.hadaptive.ach import ACH
from impls.hadaptive.replacing.family import Family, last, of_class
from impls.hadaptive.replacing.resizing import pointwise, resized
from impls.hadaptive.replacing.settings import Settings, at_least


class CrossBlock(nn.Module):
    """timm's star block with ACH for the star: (B, C, H, W) to the same."""

    def __init__(self, block: Any, ach: ACH) -> None:
        super().__init__()
        self.dwconv = copy.deepcopy(block.dwconv)
        self.ach = ach
        self.g = copy.deepcopy(block.g)
        self.g.conv = resized(block.g.conv, "g.conv", ach.out_channels, block.g.conv.out_channels)
        self.dwconv2 = copy.deepcopy(block.dwconv2)
        self.drop_path = copy.deepcopy(block.drop_path)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.drop_path(self.dwconv2(self.g(self.ach(self.dwconv(x)))))
        return x + y


def replaced(block: Any, settings: Settings) -> nn.Module:
    """k where not given: the smallest that makes the block at least as wide as each of the star's two factors."""
    widen = pointwise(block.f1.conv, "f1.conv")
    return CrossBlock(block, settings.ach(widen.in_channels, at_least(widen.out_channels, widen.in_channels)))


FAMILY = Family("StarNet", of_class("timm.models.starnet.Block"), replaced, last(2))
