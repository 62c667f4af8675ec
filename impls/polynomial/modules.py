"""Pi-Nets and the networks beside them as modules, one network or many side by side in every parameter.

`networks` are leading axes of every parameter: () is a plain module from (batch, features) to (batch, outputs), (5,)
five networks that share each matrix product, from (5, batch, features) or (batch, features) to (5, batch, outputs).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from impls.polynomial.pi_net.definition import Recursion, function_of, layer_norm
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

NCP = Recursion("ncp")


def with_one(z: Tensor) -> Tensor:
    """A feature more that is always 1: its weights are biases."""
    return functional.pad(z, (0, 1), value=1.0)


class PiNet(nn.Module):
    """A polynomial of `degree` in z: operator `pi_net` with parameters, and with biases in its projections.

    gain: of the later degrees' projections at the start; 1 keeps the size of values that are normal. b starts at 1.
    Parameters are drawn from PyTorch's global generator. Raises UsageError for a size below 1.
    """

    def __init__(
        self,
        features: int = 784,
        outputs: int = 10,
        *,
        hidden: int = 16,
        degree: int = 4,
        recursion: Recursion = NCP,
        gain: float = 1.0,
        networks: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        _at_least_one(features=features, outputs=outputs, hidden=hidden, degree=degree)
        self.recursion = recursion
        scale = torch.tensor([1.0, *([gain] * (degree - 1))])[:, None, None]
        self.a = nn.Parameter(_normal(*networks, degree, hidden, features + 1) * scale)
        if recursion.form == "ncp":
            self.s = nn.Parameter(_normal(*networks, degree - 1, hidden, hidden))
            self.b = nn.Parameter(torch.ones(*networks, degree, hidden))
        self.c = nn.Parameter(_normal(*networks, outputs, hidden))
        self.beta = nn.Parameter(torch.zeros(*networks, outputs))
        self.function = function_of(recursion)

    def forward(self, z: Tensor) -> Tensor:
        """(..., batch, features) to (..., batch, outputs), in z's dtype."""
        output: Tensor = self.function(with_one(z), *(each.to(z.dtype) for each in self.parameters()))
        return output


class Mlp(nn.Module):
    """Layers of ReLU, or where `gated` of relu(A x) * (B x), a Hadamard product beside an activation.

    Biases everywhere; weights start normal over the square root of half of what they sum (He), 1 for a gated layer's
    B and for the last.
    """

    def __init__(
        self,
        features: int,
        outputs: int,
        *,
        hidden: int,
        layers: int,
        gated: bool = False,
        networks: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        _at_least_one(features=features, outputs=outputs, hidden=hidden, layers=layers)
        widths = [features, *([hidden] * layers)]
        self.opening = nn.ParameterList(
            _normal(*networks, hidden, width + 1) * math.sqrt(1 if gated else 2) for width in widths[:-1]
        )
        self.gated = nn.ParameterList(_normal(*networks, hidden, width + 1) for width in widths[:-1] if gated)
        self.last = nn.Parameter(_normal(*networks, outputs, hidden + 1))

    def forward(self, x: Tensor) -> Tensor:
        """(..., batch, features) to (..., batch, outputs), in x's dtype."""
        for n, weight in enumerate(self.opening):
            x = with_one(x)
            opened = torch.relu(x @ weight.to(x.dtype).mT)
            x = opened * (x @ self.gated[n].to(x.dtype).mT) if len(self.gated) else opened
        return with_one(x) @ self.last.to(x.dtype).mT


class Stacked(nn.Module):
    """One after the other: of Pi-Nets, a polynomial whose degree is the product of theirs. LayerNorm between them."""

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes as of the blocks."""
        for n, block in enumerate(self.blocks):
            x = block(layer_norm(x) if n else x)
        return x


def parameters_of(module: nn.Module, networks: tuple[int, ...] = ()) -> int:
    """Of one network."""
    return sum(parameter.numel() for parameter in module.parameters()) // math.prod(networks)


def _normal(*shape: int) -> Tensor:
    """Normal over the square root of the last axis."""
    return torch.randn(shape) / math.sqrt(shape[-1])


def _at_least_one(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise UsageError(f"{name} is {size}; expected at least 1")
