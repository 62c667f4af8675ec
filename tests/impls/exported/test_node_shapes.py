"""The library for ONNX Runtime at shapes that nobody chose.

What it reads or writes beyond a tensor shows as a wrong value at best; under `nox -s sanitize` it is an error.
"""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impls.cross_hadamard.pairs import pair_count
from impls.exported.names import SUFFIXES, expand_name

from .nodes import cross, expanded, model, parameters, products, run

pytestmark = pytest.mark.compiler

UNIT = {torch.float32: 2.0**-24, torch.float16: 2.0**-11}
SIZES = [1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 31, 33]

whatever = settings(
    derandomize=True, deadline=None, max_examples=40, database=None, suppress_health_check=list(HealthCheck)
)


@st.composite
def drawn(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, torch.Generator]:
    """x (B, C, H, W), channels of it (B, k), and what draws the rest."""
    size = st.sampled_from(SIZES)
    shape = (draw(st.integers(1, 3)), draw(size), draw(size), draw(size))
    random = torch.Generator().manual_seed(draw(st.integers(0, 7)))
    x = torch.randn(shape, generator=random).to(draw(st.sampled_from(sorted(UNIT, key=str))))
    return x, torch.randint(0, shape[1], (shape[0], draw(st.integers(1, 13))), generator=random), random


def close(got: torch.Tensor, want: torch.Tensor, dtype: torch.dtype, units: float) -> None:
    scale = float(want.square().mean().sqrt()) if want.numel() else 1.0
    torch.testing.assert_close(got.double(), want, rtol=units * UNIT[dtype], atol=units * UNIT[dtype] * scale)


@given(drawn(), st.integers(1, 3))
@whatever
def test_products_at_any_shape(given: tuple[torch.Tensor, torch.Tensor, torch.Generator], threads: int) -> None:
    x, index, _ = given
    close(cross(x, index, with_library=True, threads=threads), products(x, index), x.dtype, units=1)


@given(drawn(), st.sampled_from(sorted(SUFFIXES)))
@whatever
def test_expansions_at_any_shape(given: tuple[torch.Tensor, torch.Tensor, torch.Generator], norm: str) -> None:
    x, index, random = given
    count = pair_count(index.shape[1])
    values = {"x": x, "index": index, **parameters(count, random)}
    made = model(expand_name(norm), values, x.shape[1] + count)
    close(run(made, values, with_library=True), expanded(x, index, values, norm), x.dtype, units=24)
