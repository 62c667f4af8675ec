"""What candidates of the toys are made of: small modules over features (B, FEATURES), float32."""

from __future__ import annotations

import torch
from torch import Tensor, nn

FEATURES = 6


class Residual(nn.Module):
    """x plus what the modules make of it."""

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.branch = nn.Sequential(*modules)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.branch(x)
        return x + y


class Product(nn.Module):
    """(B, FEATURES) to (B, 1): features i and j multiplied."""

    def __init__(self, i: int, j: int) -> None:
        super().__init__()
        self.i, self.j = i, j

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, self.i] * x[:, self.j])[:, None]


class Forgetful(nn.Module):
    """What a module makes of x, but 0 for half of the samples, in training and in eval.

    Whole samples: of features a redundant code could save what is lost.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.module(x)
        return y * (torch.rand(len(y), 1) > 0.5)


def bottleneck(hidden: int, *, hardswish: bool) -> list[nn.Module]:
    """To `hidden` features and back, BatchNorm after both, as the network's blocks have it."""
    activation = [nn.Hardswish()] if hardswish else []
    return [
        nn.Linear(FEATURES, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        *activation,
        nn.Linear(hidden, FEATURES, bias=False),
        nn.BatchNorm1d(FEATURES),
    ]


def product(i: int, j: int) -> list[nn.Module]:
    """The product of two features, a BatchNorm behind its weights."""
    return [Product(i, j), nn.Linear(1, FEATURES, bias=False), nn.BatchNorm1d(FEATURES)]


def random_tanh(amplitude: float = 1.5) -> list[nn.Module]:
    """A random function of two layers that mixes all features; weights are from PyTorch's global generator.

    amplitude: deviation of what it makes, about.
    """
    first, second = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)
    with torch.no_grad():
        for linear, deviation in ((first, 1.5), (second, amplitude)):
            linear.weight.normal_(0, deviation / FEATURES**0.5)
            linear.bias.normal_(0, 0.3)
    return [first, nn.Tanh(), second]
