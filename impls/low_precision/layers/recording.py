"""The operands of all products of one training step: of each weight the forward one and those of both gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from impls.low_precision.layers.intercept import Intercepted

if TYPE_CHECKING:
    from torch import Tensor, nn

KINDS = ("forward", "gradient of x", "gradient of w")


@dataclass(frozen=True)
class Layer:
    """x: (tokens, inputs), w: (outputs, inputs), gradient: (tokens, outputs) of x w^T; float32."""

    name: str
    x: Tensor
    w: Tensor
    gradient: Tensor

    def products(self) -> Iterator[tuple[str, Tensor, Tensor]]:
        """One of KINDS, and its operands as `product` takes them, the contraction last."""
        yield KINDS[0], self.x, self.w
        yield KINDS[1], self.gradient, self.w.T.contiguous()
        yield KINDS[2], self.gradient.T.contiguous(), self.x.T.contiguous()


def recorded(model: nn.Module, loss: Callable[[], Tensor]) -> list[Layer]:
    """The layers of one call of `loss` and its backward, in the order of the gradients."""
    layers: list[Layer] = []

    def multiply(name: str, x: Tensor, w: Tensor) -> Tensor:
        out = x @ w.T

        def keep(gradient: Tensor) -> None:
            layers.append(Layer(name, x.detach().clone(), w.detach().clone(), gradient.clone()))

        out.register_hook(keep)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return out

    with Intercepted(model, multiply), torch.enable_grad():
        value = loss()
    value.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return layers
