"""The half that both bottlenecks share: depthwise convolution, BatchNorm, Hardswish; 1x1 convolution, BatchNorm; the
input added where shapes allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from impls.bottlenecks.definition.geometry import Geometry
from impls.expansion.layers import normalised
from impls.expansion.operation_counts import BATCH_NORM, HARDSWISH
from impls.expansion.references import hard_swish, mix, normalise
from impls.expansion.values import NORM, Shapes, kernel, norm_shapes, norm_values

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs


def shapes(size: Geometry) -> Shapes:
    """depthwise_weight (E, 1, kernel, kernel), BatchNorm's four (E,); project_weight (c2, E, 1, 1), its four (c2,)."""
    return {
        "depthwise_weight": (size.expanded, 1, size.kernel, size.kernel),
        **norm_shapes(size.expanded, "depthwise_"),
        "project_weight": (size.out_channels, size.expanded, 1, 1),
        **norm_shapes(size.out_channels, "project_"),
    }


def drawn(size: Geometry, random: torch.Generator) -> dict[str, Tensor]:
    """Float32 values of those."""
    of = shapes(size)
    return {
        "depthwise_weight": kernel(of["depthwise_weight"], random),
        **norm_values(size.expanded, random, "depthwise_"),
        "project_weight": kernel(of["project_weight"], random),
        **norm_values(size.out_channels, random, "project_"),
    }


def norm_of(values: Inputs, prefix: str) -> tuple[Tensor, ...]:
    """BatchNorm's mean, variance, gamma and beta of this prefix."""
    return tuple(values[prefix + name] for name in NORM)


def eager(x: Tensor, wide: Tensor, values: Inputs, size: Geometry) -> Tensor:
    """In PyTorch's own operators, as `hadaptive.blocks.AdaptiveBottleneck` has them.

    x: (batch, C, edge, edge); wide: what it was expanded to, (batch, E, edge, edge).
    """
    padding = size.before
    if size.behind != size.before:
        wide = torch.constant_pad_nd(wide, (0, 1, 0, 1))  # fvcore has no formula for `functional.pad`
    spread = functional.conv2d(wide, values["depthwise_weight"], None, size.stride, padding, groups=size.expanded)
    spread = functional.hardswish(normalised(spread, *norm_of(values, "depthwise_")))
    y = normalised(functional.conv2d(spread, values["project_weight"]), *norm_of(values, "project_"))
    return x + y if size.residual else y


def reference(x: Tensor, wide: Tensor, values: Inputs, size: Geometry) -> Tensor:
    """The same in float64, spelled out."""
    spread = hard_swish(normalise(depthwise(wide, values["depthwise_weight"], size), *norm_of(values, "depthwise_")))
    y = normalise(mix(spread, values["project_weight"]), *norm_of(values, "project_"))
    return x + y if size.residual else y


def depthwise(x: Tensor, weight: Tensor, size: Geometry) -> Tensor:
    """(batch, E, out_edge, out_edge): a copy of the padded map for each element of the kernel, scaled per channel."""
    padded_edge = size.edge + size.before + size.behind
    padded = x.new_zeros(*x.shape[:2], padded_edge, padded_edge)
    padded[:, :, size.before : size.before + size.edge, size.before : size.before + size.edge] = x
    reach = size.stride * (size.out_edge - 1) + 1
    total = x.new_zeros(*x.shape[:2], size.out_edge, size.out_edge)
    for row in range(size.kernel):
        for column in range(size.kernel):
            seen = padded[:, :, row : row + reach : size.stride, column : column + reach : size.stride]
            total += seen * weight[:, 0, row, column, None, None]
    return total


def macs(size: Geometry) -> int:
    return size.out_pixels * size.expanded * (size.kernel**2 + size.out_channels)


def elementwise(size: Geometry) -> int:
    """Both BatchNorms, Hardswish, and the sum with the input."""
    of_projection = BATCH_NORM + size.residual
    return size.out_pixels * ((BATCH_NORM + HARDSWISH) * size.expanded + of_projection * size.out_channels)
