"""Seeded parameters of the expansions, and the carriers that stand for them on device `meta`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import torch

from impls.seeded import dtype_of, generator_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opbench import Inputs, Point

Shapes: TypeAlias = dict[str, tuple[int, ...]]
"""Shape of every input by name, in the order of the eager function's parameters."""

NORM = ("mean", "variance", "gamma", "beta")


def materialise(point: Point, shapes: Shapes, draw: Callable[[torch.Generator], Mapping[str, torch.Tensor]]) -> Inputs:
    """The drawn float32 values on the point's device and dtype; on `meta` only the shapes, nothing is drawn."""
    dtype = dtype_of(point)
    if point.device == "meta":
        return {name: torch.empty(shape, dtype=dtype, device="meta") for name, shape in shapes.items()}
    values = draw(generator_for(point))
    return {name: values[name].reshape(shape).to(dtype).to(point.device) for name, shape in shapes.items()}


def normal(shape: tuple[int, ...], random: torch.Generator, scale: float = 1.0) -> torch.Tensor:
    return torch.randn(shape, generator=random) * scale


def uniform(shape: tuple[int, ...], random: torch.Generator, low: float, high: float) -> torch.Tensor:
    return torch.rand(shape, generator=random) * (high - low) + low


def kernel(shape: tuple[int, ...], random: torch.Generator) -> torch.Tensor:
    """Convolution weights (out, in, *kernel) scaled by 1/sqrt(fan in): the output is about as large as the input."""
    return normal(shape, random, 1 / math.sqrt(max(1, math.prod(shape[1:]))))


def norm_shapes(channels: int, prefix: str = "") -> Shapes:
    return {prefix + name: (channels,) for name in NORM}


def norm_values(channels: int, random: torch.Generator, prefix: str = "") -> dict[str, torch.Tensor]:
    """Statistics and parameters that all matter: no mean of 0, no variance of 1."""
    values = (
        normal((channels,), random, 0.3),
        uniform((channels,), random, 0.5, 1.5),
        uniform((channels,), random, 0.5, 1.5),
        normal((channels,), random, 0.3),
    )
    return {prefix + name: value for name, value in zip(NORM, values, strict=True)}
