"""Small things to search: data that a line separates, modules that cannot help, a space of few layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.search.gdas import Search
from impls.hadaptive.search.mixed import Mixed, undecided
from impls.hadaptive.search.settings import Settings
from impls.hadaptive.search.space import Place, Space

from ..scenes import random


class Labelled(Dataset[tuple[Tensor, int]]):
    def __init__(self, x: Tensor, classes: Tensor) -> None:
        self.x, self.classes = x, classes.tolist()

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, at: int) -> tuple[Tensor, int]:
        return self.x[at], self.classes[at]


def points(count: int, seed: int) -> Labelled:
    """In five dimensions, two classes on either side of a plane."""
    x = random(count, 5, seed=seed)
    return Labelled(x, (x @ torch.tensor([1.0, -2.0, 0.5, 1.0, -1.0]) > 0).long())


def images(count: int, seed: int, edge: int = 5) -> Labelled:
    """One channel, three classes, each a pattern of its own under noise."""
    classes = torch.arange(count) % 3
    patterns = random(3, 1, edge, edge, seed=99)
    return Labelled(patterns[classes] + 0.5 * random(count, 1, edge, edge, seed=seed), classes)


class Nothing(nn.Module):
    """(B, 5) to (B, 7), always 0."""

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x), 7)


class Noise(nn.Module):
    """Adds noise that drowns its input."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 3 * torch.randn_like(x)


PLANTED = 2


def planted() -> nn.Sequential:
    """Of four candidates only PLANTED lets anything through; 0 would be the arg-max of logits that never moved."""
    candidates = [Nothing(), Nothing(), nn.Linear(5, 7), Nothing()]
    return nn.Sequential(Mixed(candidates), nn.Linear(7, 2))


GHOST, HADA = GhostBottleneck(7, 2.0), HadaBottleneck(7, k=3)

SPACE = Space(
    (
        Place((Convolution(7, kernel=3),)),
        Place((GHOST, HADA, None)),
        Place((GhostBottleneck(5, 2.0, kernel=2, stride=2), HadaBottleneck(5, k=4, kernel=2, stride=2))),
        Place((HadaBottleneck(5, k=2), HadaBottleneck(5, k=3), None)),
    ),
    width=11,
    hidden=13,
)

TINY = NetworkConfig(
    (Convolution(6, kernel=3), GhostBottleneck(8, 2.0, kernel=2, stride=2), HadaBottleneck(8, k=4)), width=9, hidden=7
)


def search(
    make: Callable[[], nn.Module] = planted,
    *,
    data: Callable[[int, int], Labelled] = points,
    count: int = 70,
    **changed: Any,
) -> Search:
    """Over `count` samples and 5 more, in batches of 16: with 70 four steps an epoch."""
    given = {"epochs": 2, "batch": 16, "logit_rate": 0.1, **changed}
    return Search(make, data(count, 1), data(count + 5, 2), Settings(**given))


@contextmanager
def watched(model: nn.Module) -> Iterator[list[nn.Module]]:
    """The candidates that run inside, in order."""
    ran: list[nn.Module] = []
    every = [one for layer in undecided(model) for one in layer.candidates]
    hooks = [one.register_forward_hook(lambda module, *_: ran.append(module)) for one in every]
    yield ran
    for hook in hooks:
        hook.remove()
