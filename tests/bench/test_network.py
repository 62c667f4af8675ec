"""One forward pass of the stand-in network: the operators between layers that leave the caches as networks do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from opbench import Tolerance

from .asked import once, right
from .network import Network

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

pytestmark = pytest.mark.compiler


@pytest.mark.parametrize("shape", [(1, 3, 56, 56)], ids=["1x3x56x56"])
def test_forward(benchmark: BenchmarkFixture, device: str, shape: tuple[int, ...]) -> None:
    network = Network().to(device)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(device)
    scores = benchmark(network, x)

    def check() -> None:
        # Rounding grows through ten layers; wrong channels selected anywhere would be off by the size of the scores.
        right(scores, network.exact()(x.double()), Tolerance(rtol=1e-5, atol=1e-5))

    once("network", [scores], check)
