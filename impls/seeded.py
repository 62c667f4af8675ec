"""Seeded tensors for operators' inputs: the same point, the same values, on every device and in every dtype."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import torch

from opbench import Axes

if TYPE_CHECKING:
    from opbench import Point


def dtype_of(point: Point) -> torch.dtype:
    dtype: torch.dtype = getattr(torch, point.dtype)
    return dtype


def itemsize(point: Point) -> int:
    """Bytes of one element of the point's dtype."""
    return dtype_of(point).itemsize


def generator_for(point: Point) -> torch.Generator:
    """A CPU generator seeded by the operator and its axis values, not by dtype, device or the number of threads."""
    sizes = Axes({name: value for name, value in point.axes.items() if name != "threads"})
    return torch.Generator().manual_seed(zlib.crc32(f"{point.operator}/{sizes}".encode()))


def away_from_zero(shape: tuple[int, ...], point: Point, random: torch.Generator) -> torch.Tensor:
    """Magnitudes uniform in [0.5, 1.5), random signs: no element is small, so a zero in a result is always wrong."""
    if point.device == "meta":
        return torch.empty(shape, dtype=dtype_of(point), device="meta")
    values = torch.rand(shape, generator=random) + 0.5
    signs = torch.randint(0, 2, shape, generator=random, dtype=torch.int8) * 2 - 1
    return (values * signs).to(dtype_of(point)).to(point.device)
