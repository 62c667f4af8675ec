"""One benchmark's question: seeded inputs at a point of an operator, and whether an answer is right.

A benchmark whose code returns early, or returns what it did not compute, would be the quickest of all. So each ends by
holding its last result against the operator's float64 reference, element by element. Where a worker of the same run has
done so before, finding the same bits again is enough: the reference of an output of 24 MiB takes 120 ms of each of two
dozen workers, longer than all that is timed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from opbench import Point, Tolerance, catalog
from opbench.measure.compare import compare

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

        def check() -> None:
            right(got, operator.reference(self.point, self.inputs), operator.tolerance(self.point))

        once(self.point.key, [got], check)


def ask(operator: str, axes: dict[str, int], device: str, mode: str = "forward") -> Asked:
    """The operator's own seeded inputs at these axes; axes left out have their defaults."""
    found = catalog.operator(operator)
    point = Point(operator, found.complete(axes), device=device, mode=mode)
    return Asked(point, found.inputs(point))


def right(got: Any, want: torch.Tensor, tolerance: Tolerance) -> None:
    """Raises AssertionError unless `got` is a float32 tensor of `want`'s shape, near enough everywhere."""
    found = compare(got, want, tolerance, torch.float32)
    assert found.passed, f"{found.misses} of {found.elements} elements are wrong: {found.detail}"


_RIGHT: set[str] = set()
"""Digests of questions with answers that were found to be right, in this process."""

FOLDER = "OPBENCH_GATE_FOLDER"
"""The gate's folder of a run, in which an empty file says the same to all of its workers."""


def once(question: str, answers: Sequence[Any], check: Callable[[], None]) -> None:
    """`check`, which raises for a wrong answer, unless the very same one to this question has passed it before, in this
    process or in this run of the gate.

    question: stands for the same inputs each time. answers: tensors, or what is none and
    therefore always checked.
    """
    if not all(isinstance(one, torch.Tensor) for one in answers):
        check()
        return
    found = hashlib.sha256(question.encode())
    for one in answers:
        found.update(f"{one.dtype} {tuple(one.shape)}".encode())
        found.update(one.detach().cpu().contiguous().view(torch.uint8).numpy().data)
    digest = found.hexdigest()
    folder = os.environ.get(FOLDER)
    told = Path(folder, digest) if folder else None
    if digest in _RIGHT or (told is not None and told.exists()):
        return
    check()
    _RIGHT.add(digest)
    if told is not None:
        told.touch()


def at(*shapes: tuple[int, ...]) -> pytest.MarkDecorator:
    """Parametrises `axes` over (batch, channels, edge) or (batch, channels, edge, selected)."""
    names = ("batch", "channels", "edge", "selected")
    every = [dict(zip(names, shape, strict=False)) for shape in shapes]
    return pytest.mark.parametrize("axes", every, ids=[_id(one) for one in every])


def _id(axes: dict[str, int]) -> str:
    """`1x64x28x28`, and `1x64x28x28-selected16` where an index selects channels."""
    shape = "x".join(str(axes[name]) for name in ("batch", "channels", "edge", "edge"))
    return f"{shape}-selected{axes['selected']}" if "selected" in axes else shape
