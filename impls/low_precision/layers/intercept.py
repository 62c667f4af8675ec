"""Products of a running model with its weights, handed to a function of ours in place of PyTorch's.

As they are called: `linear`, `x @ w` with a weight, and convolutions of one pixel. So a model is measured as it stands,
whoever wrote it. Products of two activations, as attention has them, are left alone, and so are the other convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Multiply: TypeAlias = Callable[[str, Tensor, Tensor], Tensor]
"""multiply(name, x, w): x (tokens, inputs), w (outputs, inputs) to x w^T, differentiable. name: of the weight."""

MATMULS = {torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.mm, Tensor.mm}


class Intercepted(TorchFunctionMode):
    """While entered, products with weights of `model` are what `multiply` returns; biases are added to it."""

    def __init__(self, model: nn.Module, multiply: Multiply) -> None:
        super().__init__()
        self._multiply = multiply
        self._names: Mapping[int, str] = {id(weight): name for name, weight in model.named_parameters()}

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        given = {} if kwargs is None else kwargs
        if func is functional.linear:
            return self._linear(*args, **given)
        if func in MATMULS and self._is_weight(args[1]):
            return self._by_rows(args[0], args[1], args[1].T)
        if func is torch.conv2d and _is_pointwise(*args, **given):
            return self._pointwise(*args[:3])
        return func(*args, **given)

    def _is_weight(self, tensor: Any) -> bool:
        return id(tensor) in self._names and tensor.dim() == 2

    def _linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if not self._is_weight(weight):
            return functional.linear(x, weight, bias)
        out = self._by_rows(x, weight, weight)
        return out if bias is None else out + bias

    def _pointwise(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        out = self._by_rows(x.permute(0, 2, 3, 1), weight, weight.flatten(1)).permute(0, 3, 1, 2)
        return out if bias is None else out + bias.view(-1, 1, 1)

    def _by_rows(self, x: Tensor, weight: Tensor, matrix: Tensor) -> Tensor:
        """x (*tokens, inputs) times matrix (outputs, inputs)."""
        name = self._names.get(id(weight), "")
        out = self._multiply(name, x.reshape(-1, x.shape[-1]), matrix)
        return out.view(*x.shape[:-1], matrix.shape[0])


def _is_pointwise(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> bool:
    """Whether a convolution looks at one pixel, steps by one, and is not grouped."""
    del bias, dilation
    steps = stride if isinstance(stride, tuple) else (stride, stride)
    around = padding if isinstance(padding, tuple) else (padding, padding)
    alone = tuple(weight.shape[2:]) == (1, 1) and groups == 1
    return x.dim() == 4 and alone and steps == (1, 1) and around == (0, 0)
