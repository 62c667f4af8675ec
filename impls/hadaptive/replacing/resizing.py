"""Layers of a block made anew for another number of channels, everything else as it was.

They are copies of the model's own layers, so that padding forms, epsilons, momenta and activations that a library has
in subclasses of its own come along. Their weights start as PyTorch starts them.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from opbench.errors import UsageError


def pointwise(layer: nn.Module, called: str) -> nn.Conv2d:
    """The layer, when it is a plain 1x1 convolution, which is what ACH replaces. Raises UsageError otherwise."""
    conv = plain(layer, called)
    if conv.kernel_size != (1, 1) or conv.stride != (1, 1) or conv.groups != 1:
        raise UsageError(f"{called} is {conv}; expected a 1x1 convolution of stride 1 in one group, which ACH replaces")
    return conv


def plain(layer: nn.Module, called: str) -> nn.Conv2d:
    """The layer, when it is a convolution. Raises UsageError otherwise."""
    if not isinstance(layer, nn.Conv2d):
        raise UsageError(f"{called} is a {type(layer).__name__}; expected a Conv2d")
    return layer


def absent(layer: nn.Module | None, called: str) -> None:
    """Raises UsageError for a layer that does something: its channels would have to change, and we do not know how."""
    if layer is not None and not isinstance(layer, nn.Identity):
        raise UsageError(f"{called} is a {type(layer).__name__}, which cannot be made for other channels")


def resized(layer: nn.Module, called: str, inputs: int, outputs: int) -> nn.Conv2d:
    """The convolution from `inputs` to `outputs` channels; a depthwise one stays depthwise.

    Raises UsageError for other kinds of layers and for groups in between.
    """
    conv = plain(layer, called)
    depthwise = conv.groups == conv.in_channels == conv.out_channels and conv.groups > 1
    if not depthwise and conv.groups != 1:
        raise UsageError(f"{called} has {conv.groups} groups of {conv.in_channels} channels; expected one or depthwise")
    fresh = copy.deepcopy(conv)
    fresh.in_channels, fresh.out_channels, fresh.groups = inputs, outputs, inputs if depthwise else 1
    fresh.weight = _like(conv.weight, (outputs, inputs // fresh.groups, *conv.kernel_size))
    if conv.bias is not None:
        fresh.bias = _like(conv.bias, (outputs,))
    fresh.reset_parameters()
    return fresh


def renormed(layer: nn.Module, called: str, channels: int) -> nn.BatchNorm2d:
    """The BatchNorm, with its activation if it has one, for other channels. Raises UsageError for other norms."""
    if not isinstance(layer, nn.BatchNorm2d):
        raise UsageError(f"{called} is a {type(layer).__name__}; expected a BatchNorm2d")
    fresh = copy.deepcopy(layer)
    fresh.num_features = channels
    if fresh.weight is not None:
        fresh.weight, fresh.bias = _like(layer.weight, (channels,)), _like(layer.bias, (channels,))
    if layer.running_mean is not None and layer.running_var is not None:
        fresh.running_mean = layer.running_mean.new_zeros(channels)
        fresh.running_var = layer.running_var.new_ones(channels)
    fresh.reset_parameters()
    return fresh


def with_kernel(layer: nn.Module, called: str, kernel: int) -> nn.Conv2d:
    """The convolution with kernels of `kernel` x `kernel`, an odd number, its weights anew; the output keeps its size.

    Raises UsageError for other kinds of layers and for even kernels before.
    """
    conv = plain(layer, called)
    if any(edge % 2 == 0 for edge in (*conv.kernel_size, kernel)):
        raise UsageError(f"{called} has a kernel of {conv.kernel_size}, and {kernel} is asked for; expected odd ones")
    fresh = copy.deepcopy(conv)
    if any(conv.padding) and not isinstance(conv.padding, str):  # others pad by the size of what comes in
        sizes = zip(conv.padding, conv.dilation, conv.kernel_size, strict=True)
        fresh.padding = tuple(int(pad) + step * (kernel - edge) // 2 for pad, step, edge in sizes)
    fresh.kernel_size = (kernel, kernel)
    fresh.weight = _like(conv.weight, (conv.out_channels, conv.in_channels // conv.groups, kernel, kernel))
    fresh.reset_parameters()
    return fresh


def resqueezed(layer: nn.Module, called: str, channels: int) -> nn.Module:
    """timm's squeeze-and-excitation for other channels, squeezed by the same ratio to a multiple of 8, or none.

    Raises UsageError for other gates.
    """
    if isinstance(layer, nn.Identity):
        return nn.Identity()
    fresh: Any = copy.deepcopy(layer)
    if not (hasattr(fresh, "conv_reduce") and hasattr(fresh, "conv_expand")):
        raise UsageError(f"{called} is a {type(layer).__name__}; expected a squeeze-and-excitation or none")
    reduce = plain(fresh.conv_reduce, f"{called}.conv_reduce")
    squeezed = multiple_of_8(channels * reduce.out_channels / reduce.in_channels)
    fresh.conv_reduce = resized(reduce, f"{called}.conv_reduce", channels, squeezed)
    fresh.conv_expand = resized(fresh.conv_expand, f"{called}.conv_expand", squeezed, channels)
    return fresh  # type: ignore[no-any-return]  # a module with two convolutions by these names


def multiple_of_8(channels: float) -> int:
    """The nearest, halves upward, and 8 at least: the mobile networks' rule."""
    return max(8, int(channels + 4) // 8 * 8)


def _like(parameter: torch.Tensor, shape: tuple[int, ...]) -> nn.Parameter:
    return nn.Parameter(parameter.detach().new_empty(shape))
