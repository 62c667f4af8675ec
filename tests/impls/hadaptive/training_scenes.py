"""What the tests of training share: a network of a few thousand parameters, and data it can learn in a second."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.images.digits import Labelled, Shifted
from impls.hadaptive.training.loop import Epoch, Training
from impls.hadaptive.training.progress import Silent
from impls.hadaptive.training.settings import Settings

TINY = NetworkConfig(
    (
        Convolution(7, kernel=2, stride=2),
        HadaBottleneck(7, k=3),
        GhostBottleneck(5, 2.0, stride=1),
        HadaBottleneck(5, k=5, norm="bn"),
    ),
    width=11,
    hidden=13,
    dropout=0.2,
)

FEW = Settings(epochs=4, batch=8, rate=0.01)


def bars(train: int = 29, test: int = 17, edge: int = 6) -> DataSet:
    """Noise of 1 x edge x edge with a bright row, a bright column, or neither: the class. Training images move."""
    images, labels = _drawn(train, edge, seed=1)
    moved = Shifted(images, labels, most=1, background=0.0)
    return DataSet("bars", ("row", "column", "neither"), 1, edge, moved, Labelled(*_drawn(test, edge, seed=2)))


def _drawn(count: int, edge: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    images = 0.3 * torch.randn(count, 1, edge, edge, generator=generator)
    images[labels == 0, :, edge // 2, :] += 2
    images[labels == 1, :, :, edge // 2] += 2
    return images, labels


def training(settings: Settings = FEW, data: DataSet | None = None, **arguments: Any) -> Training:
    return Training(TINY, bars() if data is None else data, settings, backend="torch_eager", **arguments)


def ran(one: Training, epochs: int | None = None) -> Training:
    """After so many more epochs, or all that are left."""
    for _, _ in zip(range(one.settings.epochs if epochs is None else epochs), one.run(Silent()), strict=False):
        pass
    return one


def timeless(history: list[Epoch]) -> list[Epoch]:
    return [dataclasses.replace(one, seconds=0.0) for one in history]


def tensors(value: Any, at: str = "") -> dict[str, Any]:
    """All leaves of nested containers by their path, tensors among them."""
    if isinstance(value, dict):
        return {k: v for name, one in value.items() for k, v in tensors(one, f"{at}/{name}").items()}
    if isinstance(value, list | tuple):
        return {k: v for n, one in enumerate(value) for k, v in tensors(one, f"{at}/{n}").items()}
    return {at: value}


def differing(one: Any, other: Any) -> list[str]:
    """The paths at which two nested states differ."""
    left, right = tensors(one), tensors(other)
    if left.keys() != right.keys():
        return sorted(left.keys() ^ right.keys())
    equal = {
        path: torch.equal(left[path], right[path]) if isinstance(left[path], Tensor) else left[path] == right[path]
        for path in left
    }
    return [path for path, held in equal.items() if not held]
