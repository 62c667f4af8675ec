"""The block of `hadaptive.blocks` with a point's values in it, as trained or with its BatchNorms folded."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from impls.expansion.values import NORM
from impls.hadaptive.ach import ACH
from impls.hadaptive.blocks import AdaptiveBottleneck, Ghost
from impls.seeded import dtype_of

if TYPE_CHECKING:
    from opbench import Inputs, Point

CONVOLUTIONS = {
    "ach_bottleneck": ("mix", "depthwise", "project"),
    "ghost_bottleneck": ("primary", "cheap", "depthwise", "project"),
}
"""By operator, what a block's convolutions are called among its inputs, in the order of `modules()`."""


def block_of(point: Point, inputs: Inputs, backend: str = "auto") -> AdaptiveBottleneck:
    """The block in eval, on the inputs' device and in their dtype, with copies of their values; no gradients.

    backend: of the products, as `ACH` takes it. Raises UsageError as `ACH` does, so for fewer than two selected.
    """
    axes = point.axes
    expand: ACH | Ghost
    if point.operator == "ach_bottleneck":
        expand = ACH(axes["channels"], axes["selected"], norm="bn" if axes["batchnorm"] else "dysoft", backend=backend)
    else:
        expand = Ghost(axes["channels"], int(axes["ratio"] * axes["channels"]))
    sizes = axes["channels"], axes["out_channels"]
    block = AdaptiveBottleneck(*sizes, expand, expand.out_channels, axes["kernel"], axes["stride"])
    block = block.to(inputs["x"].device, dtype_of(point)).eval().requires_grad_(requires_grad=False)
    _fill(block, point.operator, inputs)
    return block


def _fill(block: AdaptiveBottleneck, operator: str, inputs: Inputs) -> None:
    convolutions = [module for module in block.modules() if isinstance(module, nn.Conv2d)]
    for name, convolution in zip(CONVOLUTIONS[operator], convolutions, strict=True):
        convolution.weight.copy_(inputs[f"{name}_weight"])
        if convolution.bias is not None:
            convolution.bias.copy_(inputs[f"{name}_bias"])
    own = ("pair",) if "pair_mean" in inputs else ()
    norms = [module for module in block.modules() if isinstance(module, nn.BatchNorm2d)]
    first, *others = CONVOLUTIONS[operator]
    for name, norm in zip((first, *own, *others), norms, strict=True):
        for one, value in zip((norm.running_mean, norm.running_var, norm.weight, norm.bias), NORM, strict=True):
            assert one is not None
            one.copy_(inputs[f"{name}_{value}"])
    if isinstance(block.expand, ACH):
        block.expand.get_parameter("select.scores.mix.weight").copy_(inputs["taps"])
        if not own:
            for parameter, name in (("alpha", "alpha"), ("weight", "scale"), ("bias", "shift")):
                block.expand.get_parameter(f"norm.{parameter}").copy_(inputs[name])


def fold(block: AdaptiveBottleneck, dtype: torch.dtype) -> AdaptiveBottleneck:
    """Its BatchNorms within the convolutions before them, in `dtype`; a BatchNorm of pairs stays, it follows none.

    Computed in float64 and rounded once.
    """
    block.double()
    for parent in [module for module in block.modules() if isinstance(module, nn.Sequential)]:
        children = list(parent)
        for at, (convolution, norm) in enumerate(pairwise(children)):
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                parent[at], parent[at + 1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    return block.to(dtype)
