"""Parameters and FLOPs of a model as tables 5 and 8 of the paper count them, which is not as we count elsewhere.

Their FLOPs are twice what the counter thop finds: a multiply-accumulate of a convolution or linear layer is one of its
operations, each element that BatchNorm writes is four, and a mean over space is one for each element it reads and one
for each it writes. Activations, products of channels and DySoft are none of its operations. Of the four unchanged
models of table 5 that gives 123.1, 385.5, 303.6 and 854.3 M, where the paper says 123, 385, 303 and 854.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from impls.hadaptive.ach_parts.selection import TAPS, ChannelScores
from impls.hadaptive.counting import trainable
from impls.hadaptive.replacing.family import class_name

BATCH_NORM = 4
"""Operations an element, by thop: two for the normalisation, twice that where it is affine."""

MEANS = ("timm.layers.adaptive_avgmax_pool.SelectAdaptivePool2d", "timm.models._efficientnet_blocks.SqueezeExcite")
"""Modules that take the mean over space of their input (B, C, H, W), first of all."""


@dataclass(frozen=True)
class PaperCost:
    """Of one forward pass in eval."""

    parameters: int
    """Those that train."""
    macs: int
    """Of convolutions and linear layers, ECA's included."""
    flops: int
    """Twice thop's operations."""


def paper_cost(model: nn.Module, shape: tuple[int, ...]) -> PaperCost:
    """For an input of this shape. Counts PyTorch's layers, those of timm that are among MEANS, and ACH.

    Attention's products of activations are not counted, as thop does not.
    """
    walked = copy.deepcopy(model).to("meta").eval()
    macs: list[int] = []
    others: list[int] = []
    for module in walked.modules():
        if (count := _counter(module)) is not None:
            module.register_forward_hook(_noting(count, macs if isinstance(module, nn.Linear | nn.Conv2d) else others))
        if isinstance(module, ChannelScores):
            module.register_forward_hook(_noting(lambda _, y: TAPS * y.numel(), macs))
    walked(torch.empty(shape, device="meta"))
    return PaperCost(trainable(model), sum(macs), 2 * (sum(macs) + sum(others)))


Count = Callable[[Tensor, Tensor], int]
"""From a module's input and output to its operations."""


def _counter(module: nn.Module) -> Count | None:
    if isinstance(module, nn.Conv2d):
        terms = module.weight[0].numel()
        return lambda _, y: terms * y.numel()
    if isinstance(module, nn.Linear):
        terms = module.in_features
        return lambda _, y: terms * y.numel()
    if isinstance(module, nn.BatchNorm2d):
        return lambda _, y: BATCH_NORM * y.numel()
    if isinstance(module, ChannelScores) or class_name(module) in MEANS:
        return lambda x, _: x.numel() + x.shape[0] * x.shape[1]
    return None


def _noting(count: Count, counts: list[int]) -> Callable[[nn.Module, tuple[Any, ...], Tensor], None]:
    return lambda _, arguments, y: counts.append(count(arguments[0], y))
