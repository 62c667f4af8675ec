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

_LINEAR = ("input", "weight", "bias")
_MATMUL = ("input", "other")
_CONV2D = (*_LINEAR, "stride", "padding", "dilation", "groups")
"""Arguments as PyTorch names them, in its order; the second of `mm` is `mat2`."""


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
            return self._linear(**_named(_LINEAR, args, given))
        if func in MATMULS:
            bound = _named(_MATMUL, args, given)
            weight = bound.pop("mat2", None) if bound["other"] is None else bound["other"]
            if bound.keys() == set(_MATMUL) and self._is_weight(weight):  # and no `out`
                return self._by_rows(bound["input"], weight, weight.T)
        if func is torch.conv2d:
            bound = _named(_CONV2D, args, given)
            if _is_pointwise(bound):
                return self._pointwise(bound["input"], bound["weight"], bound["bias"])
        return func(*args, **given)

    def _is_weight(self, tensor: Any) -> bool:
        return id(tensor) in self._names and tensor.dim() == 2

    def _linear(self, *, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # noqa: A002  (PyTorch's word)
        if not self._is_weight(weight):
            return functional.linear(input, weight, bias)
        out = self._by_rows(input, weight, weight)
        return out if bias is None else out + bias

    def _pointwise(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        out = self._by_rows(x.permute(0, 2, 3, 1), weight, weight.flatten(1)).permute(0, 3, 1, 2)
        return out if bias is None else out + bias.view(-1, 1, 1)

    def _by_rows(self, x: Tensor, weight: Tensor, matrix: Tensor) -> Tensor:
        """x (*tokens, inputs) times matrix (outputs, inputs)."""
        name = self._names.get(id(weight), "")
        out = self._multiply(name, x.reshape(-1, x.shape[-1]), matrix)
        return out.view(*x.shape[:-1], matrix.shape[0])


def _named(names: Sequence[str], args: Sequence[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A call's arguments by name, since callers may give them either way; None where one of `names` is not given."""
    return {**dict.fromkeys(names), **dict(zip(names, args, strict=False)), **given}


def _is_pointwise(bound: Mapping[str, Any]) -> bool:
    """Whether a convolution looks at one pixel, steps by one, and is not grouped. bound: of `_CONV2D`."""
    steps, around = _pair(bound["stride"], 1), _pair(bound["padding"], 0)
    alone = tuple(bound["weight"].shape[2:]) == (1, 1) and bound["groups"] in (None, 1)
    return bound["input"].dim() == 4 and alone and steps == (1, 1) and around == (0, 0)


def _pair(given: Any, default: int) -> tuple[Any, ...]:
    if given is None:
        return default, default
    pair = tuple(given) if isinstance(given, tuple | list) else (given,)
    return pair * 2 if len(pair) == 1 else pair
