"""The cross-Hadamard product: outputs from 1.5 MiB, all in the cache, to 24 MiB, where writing memory is the limit.

Shapes at which processes of the same code differ for their whole life are not among them: the forward pass at
8x64x14x14 by 28 % between workers, the backward pass at 1x128x7x7 by 21 %, at 1x64x28x28 by 10 % (14 workers on one
core, EPYC 9004 VM). There the gate says bimodal or inconclusive, run after run, and rightly. Those below: 0.2 to 1.5 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from impls.cross_hadamard.functional import cross_hadamard

from .asked import ask, at

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

pytestmark = pytest.mark.compiler


@at(
    (8, 16, 28),
    (1, 64, 14),
    (1, 96, 14),
    (1, 32, 28),
    (4, 64, 28),
    (1, 64, 56),
    (8, 32, 14),
    (8, 128, 14, 16),
    (1, 128, 56, 24),
)
def test_forward(benchmark: BenchmarkFixture, device: str, axes: dict[str, int]) -> None:
    asked = ask("cross_hadamard", axes, device)
    asked.check(benchmark(cross_hadamard, **asked.inputs, backend="cpp_ext"))


@at((1, 48, 28), (8, 16, 28), (8, 128, 14, 16))
def test_backward(benchmark: BenchmarkFixture, device: str, axes: dict[str, int]) -> None:
    """From the gradient of the output to that of x, through autograd; the forward pass is not timed."""
    asked = ask("cross_hadamard", axes, device, "backward")
    inputs = dict(asked.inputs)
    grad, x = inputs.pop("grad"), inputs["x"].requires_grad_()
    with torch.enable_grad():
        y = cross_hadamard(**inputs, backend="cpp_ext")
    (found,) = benchmark(torch.autograd.grad, y, x, grad, retain_graph=True)
    asked.check(found)
