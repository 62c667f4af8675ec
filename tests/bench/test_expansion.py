"""ACH's expansion in one pass, its gradients, and the three ways to expand 64 channels to 4 times as many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from impls.cross_hadamard.functional import ach_expand
from opbench import Backend, Tolerance, catalog

from .asked import ask, at, once, right

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

pytestmark = pytest.mark.compiler

TRAINED = ("x", "alpha", "weight", "bias")


@at((1, 64, 28, 20), (8, 96, 14, 24), (1, 32, 56, 14))
def test_ach_expand_forward(benchmark: BenchmarkFixture, device: str, axes: dict[str, int]) -> None:
    asked = ask("ach_expand", axes, device)
    asked.check(benchmark(ach_expand, **asked.inputs, backend="cpp_ext"))


@at((1, 64, 28, 20))
def test_ach_expand_backward(benchmark: BenchmarkFixture, device: str, axes: dict[str, int]) -> None:
    """All four gradients, as in training, held against autograd through the eager steps in float64."""
    asked = ask("ach_expand", axes, device, "backward")
    inputs = dict(asked.inputs)
    grad = inputs.pop("grad")
    found = benchmark(torch.autograd.grad, *_graph(inputs, "cpp_ext"), grad, retain_graph=True)

    def check() -> None:
        exact = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in inputs.items()}
        wanted = torch.autograd.grad(*_graph(exact, "torch_eager"), grad.double())
        for got, want in zip(found, wanted, strict=True):
            # Sums over up to 784 x 190 terms of both signs: relative to the size of the result, not to the element.
            right(got, want, Tolerance(rtol=1e-5, atol=1e-5))

    once(asked.point.key, found, check)


def _graph(inputs: dict[str, torch.Tensor], backend: str) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """The output and the inputs that have gradients."""
    leaves = {name: tensor.detach().requires_grad_(name in TRAINED) for name, tensor in inputs.items()}
    with torch.enable_grad():
        return ach_expand(*leaves.values(), backend=backend), tuple(leaves[name] for name in TRAINED)


@pytest.mark.parametrize(
    ("operator", "backend"), [("ach", "cpp_ext"), ("pointwise", "torch_eager"), ("ghost", "torch_eager")]
)
def test_fourfold(benchmark: BenchmarkFixture, device: str, operator: str, backend: str) -> None:
    """64 channels to 256 at 28x28, each with all of its layers."""
    asked = ask(operator, {"batch": 1, "channels": 64, "expansion": 4, "edge": 28}, device)
    chosen = catalog.backend(operator, backend)
    assert isinstance(chosen, Backend), chosen
    asked.check(benchmark(chosen.prepare(asked.point, asked.inputs, None, "")))
