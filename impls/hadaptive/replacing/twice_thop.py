"""The FLOPs of the paper's tables 5 and 8: twice what thop counts of a model (thop 0.1.1).

thop adds up numbers of its own over the layers that are called, and calls the sum MACs:

| layer | thop counts |
|---|---|
| convolution, linear layer | a multiplication for each weight that is used; no bias |
| BatchNorm, LayerNorm | 4 for each element of the input, 2 without weight and bias |
| adaptive average pooling | elements of a window + 1, for each element of the output |
| average pooling | 1 for each element of the output |
| softmax | 3 n - 1 for each row of n |
| ReLU and other activations, dropout, maximum | 0 |

What is no layer costs nothing: products of channels, their normaliser, residuals, attention's own matrix products.

thop knows a layer by its very class, and takes BatchNorm in a subclass of timm's for free. Here a subclass counts as
what it is, as if the model were made of PyTorch's own layers; so do timm's squeeze-and-excitation and ACH's scores,
which pool without a layer for it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import nn

from impls.hadaptive.ach_parts.selection import ChannelScores
from impls.hadaptive.replacing.family import class_name
from opbench.counting.meta_kernels import Kept

if TYPE_CHECKING:
    from torch import Tensor

Rule: TypeAlias = "Callable[[Any, tuple[int, ...], tuple[int, ...]], int]"
"""From a layer, the shape of its input and of its output."""


def twice_thop(model: nn.Module, shape: tuple[int, ...]) -> int:
    """Of one forward pass in eval on an input of this shape. Nothing is computed; the model stays as it is."""
    walked = copy.deepcopy(model).to("meta").eval()
    counts: list[int] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        rule = _rule(module)
        assert rule is not None
        counts.append(rule(module, tuple(inputs[0].shape), tuple(output.shape)))

    for module in walked.modules():
        if _rule(module) is not None:
            module.register_forward_hook(note)
    with torch.no_grad(), Kept():
        walked(torch.empty(shape, device="meta"))
    return 2 * sum(counts)


def _rule(module: nn.Module) -> Rule | None:
    named = BY_NAME.get(class_name(module))
    return named or next((RULES[one] for one in type(module).__mro__ if one in RULES), None)


def _convolution(layer: Any, _: tuple[int, ...], output: tuple[int, ...]) -> int:
    return math.prod(output) * int(layer.in_channels) // int(layer.groups) * int(math.prod(layer.kernel_size))


def _linear(layer: Any, _: tuple[int, ...], output: tuple[int, ...]) -> int:
    return math.prod(output) * int(layer.in_features)


def _norm(layer: Any, inputs: tuple[int, ...], _: tuple[int, ...]) -> int:
    affine = getattr(layer, "affine", False) or getattr(layer, "elementwise_affine", False)
    return (4 if affine else 2) * math.prod(inputs)


def _adaptive(_: Any, inputs: tuple[int, ...], output: tuple[int, ...]) -> int:
    """thop divides the sizes without rounding."""
    return int(math.prod(output) * (math.prod(inputs[2:]) / math.prod(output[2:]) + 1))


def _softmax(layer: Any, inputs: tuple[int, ...], _: tuple[int, ...]) -> int:
    features = int(inputs[layer.dim])
    return math.prod(inputs) // features * (3 * features - 1)


def _pooled(inputs: tuple[int, ...]) -> int:
    """A mean over all places of each channel: a window is the whole map."""
    return math.prod(inputs[:2]) * (math.prod(inputs[2:]) + 1)


def _scores(layer: Any, inputs: tuple[int, ...], _: tuple[int, ...]) -> int:
    return _pooled(inputs) + math.prod(inputs[:2]) * int(layer.mix.kernel_size[0])


RULES: dict[type[nn.Module], Rule] = {
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), _convolution),
    **dict.fromkeys((nn.modules.batchnorm._BatchNorm, nn.LayerNorm), _norm),  # noqa: SLF001  (the base of all three)
    **dict.fromkeys((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d), _adaptive),
    **dict.fromkeys((nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d), lambda _, __, output: math.prod(output)),
    nn.Linear: _linear,
    nn.Softmax: _softmax,
    ChannelScores: _scores,
}

BY_NAME: dict[str, Rule] = {
    "timm.models._efficientnet_blocks.SqueezeExcite": lambda _, inputs, __: _pooled(inputs),
}
"""Of classes that other libraries have; their convolutions are layers and counted as such."""
