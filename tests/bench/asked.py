"""One benchmark's question: seeded inputs at a point of an operator, and whether an answer is right.

A benchmark whose code returns early, or returns what it did not compute, would be the quickest of all. So each ends by
holding its last result against the operator's float64 reference, element by element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import torch

from opbench import Point, Tolerance, catalog
from opbench.check import compare

if TYPE_CHECKING:
    from opbench import Inputs


@dataclass(frozen=True)
class Asked:
    """A point and its inputs by name, in the order of the operator's parameters; in mode `backward` `grad` first."""

    point: Point
    inputs: Inputs

    def check(self, got: Any) -> None:
        """Raises AssertionError, naming the first wrong element, unless `got` is the operator's result."""
        operator = catalog.operator(self.point.operator)
        right(got, operator.reference(self.point, self.inputs), operator.tolerance(self.point))


def ask(operator: str, axes: dict[str, int], device: str, mode: str = "forward") -> Asked:
    """The operator's own seeded inputs at these axes; axes left out have their defaults."""
    found = catalog.operator(operator)
    point = Point(operator, found.complete(axes), device=device, mode=mode)
    return Asked(point, found.inputs(point))


def right(got: Any, want: torch.Tensor, tolerance: Tolerance) -> None:
    """Raises AssertionError unless `got` is a float32 tensor of `want`'s shape, near enough everywhere."""
    found = compare(got, want, tolerance, torch.float32)
    assert found.passed, f"{found.misses} of {found.elements} elements are wrong: {found.detail}"


def at(*shapes: tuple[int, ...]) -> pytest.MarkDecorator:
    """Parametrises `axes` over (batch, channels, edge) or (batch, channels, edge, selected)."""
    names = ("batch", "channels", "edge", "selected")
    every = [dict(zip(names, shape, strict=False)) for shape in shapes]
    return pytest.mark.parametrize("axes", every, ids=[_id(one) for one in every])


def _id(axes: dict[str, int]) -> str:
    """`1x64x28x28`, and `1x64x28x28-selected16` where an index selects channels."""
    shape = "x".join(str(axes[name]) for name in ("batch", "channels", "edge", "edge"))
    return f"{shape}-selected{axes['selected']}" if "selected" in axes else shape
