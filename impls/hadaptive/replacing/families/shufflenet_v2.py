"""torchvision's ShuffleNetV2: the unit's working branch does not widen, so it is made to.

1x1 convolution n -> n, depthwise, 1x1 convolution n -> n becomes 1x1 convolution to c, depthwise over c, ACH c -> n,
with c = n - k(k-1)/2: the products make up for the channels that the first two layers do without. The other branch
stays. In the paper's form a squeeze-and-excitation to a quarter follows, as in MobileNetV3's blocks.
"""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from impls.cross_hadamard.pairs import pair_count
from impls.hadaptive.replacing.family import Family, last, of_class
from impls.hadaptive.replacing.resizing import multiple_of_8, pointwise, renormed, resized
from impls.hadaptive.replacing.settings import PAPER, Settings
from impls.libraries import library
from opbench.errors import UsageError


def replaced(block: Any, settings: Settings) -> nn.Module:
    """k where not given: the largest with which at most half of the branch's channels are products."""
    narrow, norm, activation, filtered, filtered_norm, widen = block.branch2[:6]
    inputs, outputs = pointwise(narrow, "branch2.0").in_channels, pointwise(widen, "branch2.5").out_channels
    passed = outputs - pair_count(_selected(outputs, settings.k))
    fresh = copy.deepcopy(block)
    fresh.branch2 = nn.Sequential(
        resized(narrow, "branch2.0", inputs, passed),
        renormed(norm, "branch2.1", passed),
        activation,
        resized(filtered, "branch2.3", passed, passed),
        renormed(filtered_norm, "branch2.4", passed),
        settings.ach(passed, _selected(outputs, settings.k)),
    )
    if settings.form == PAPER:
        misc = library("torchvision.ops.misc")
        gate = misc.SqueezeExcitation(outputs, multiple_of_8(outputs / 4), scale_activation=nn.Hardsigmoid)
        fresh.branch2.append(gate)
    return fresh  # type: ignore[no-any-return]  # torchvision's block


def _selected(outputs: int, k: int | None) -> int:
    """k, checked: its k(k-1)/2 products have to leave at least k of the branch's channels to select from."""
    fitting = [k for k in range(2, outputs) if k + pair_count(k) <= outputs]
    if not fitting:
        raise UsageError(f"a branch of {outputs} channels is too narrow for ACH; expected at least 3")
    if k is None:
        return max((k for k in fitting if 2 * pair_count(k) <= outputs), default=fitting[0])
    if k not in fitting:
        raise UsageError(
            f"cannot select k = {k}: its products have to leave k of the branch's {outputs} channels; "
            f"expected 2 <= k <= {fitting[-1]}"
        )
    return k


FAMILY = Family("ShuffleNetV2", of_class("torchvision.models.shufflenetv2.InvertedResidual"), replaced, last(2))
