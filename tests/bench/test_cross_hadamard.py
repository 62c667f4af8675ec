"""The cross-Hadamard product: outputs from 0.4 MiB, all in the cache, to 24 MiB, where writing memory is the limit."""

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
    (1, 64, 7),
    (1, 128, 7),
    (1, 64, 14),
    (1, 32, 28),
    (1, 64, 28),
    (1, 64, 56),
    (8, 32, 14),
    (8, 128, 14, 16),
    (1, 128, 56, 24),
)
def test_forward(benchmark: BenchmarkFixture, device: str, axes: dict[str, int]) -> None:
    asked = ask("cross_hadamard", axes, device)
    asked.check(benchmark(cross_hadamard, **asked.inputs, backend="cpp_ext"))


@at((1, 64, 28), (8, 32, 14), (8, 128, 14, 16))
def test_backward(benchmark: BenchmarkFixture, device: str, axes: dict[str, int]) -> None:
    """From the gradient of the output to that of x, through autograd; the forward pass is not timed."""
    asked = ask("cross_hadamard", axes, device, "backward")
    inputs = dict(asked.inputs)
    grad, x = inputs.pop("grad"), inputs["x"].requires_grad_()
    with torch.enable_grad():
        y = cross_hadamard(**inputs, backend="cpp_ext")
    (found,) = benchmark(torch.autograd.grad, y, x, grad, retain_graph=True)
    asked.check(found)
