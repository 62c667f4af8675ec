"""The Numba kernels' products, every schedule, against loops in float64; and their index maths."""

from __future__ import annotations

import math
import os
from dataclasses import replace

import pytest
import torch

if not torch.cuda.is_available():
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"  # before the first import of numba
pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from impls.cross_hadamard import pairs
from impls.cross_hadamard.gpu import numba_kernels
from impls.cross_hadamard.gpu.numba_kernels import index as index_maths
from impls.cross_hadamard.gpu.numba_kernels import planning, products

from ....drawing import example, given
from ....drawing import strategies as st
from ....rows import rows
from .numba_values import (
    DEVICE,
    DTYPES,
    SCHEDULES,
    SHAPES,
    at_odd_address,
    forward,
    indices,
    pair_products,
    rounded,
    same,
    selected,
    values,
)


@rows("dtype", DTYPES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_product_is_the_exact_one_rounded_once(schedule: str, dtype: torch.dtype) -> None:
    for shape in SHAPES:
        x = values(*shape, dtype=dtype)
        same(forward(x, None, schedule), rounded(pair_products(selected(x, None)), dtype))


@rows("dtype", DTYPES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_an_index_selects_per_sample_and_may_repeat(schedule: str, dtype: torch.dtype) -> None:
    for (batch, channels, *space), k in zip(SHAPES, (5, 2, 3, 7, 5), strict=True):
        x, index = values(batch, channels, *space, dtype=dtype), indices(batch, k, channels)
        same(forward(x, index, schedule), rounded(pair_products(selected(x, index)), dtype))


@rows("dtype", DTYPES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_an_index_outside_the_channels_gives_nan_and_reads_nothing(schedule: str, dtype: torch.dtype) -> None:
    x, index = values(1, 3, 1, 4, dtype=dtype), torch.tensor([[2, -1, 0, 3, 2**62]], device=DEVICE)
    actual = forward(x, index, schedule)
    same(actual, rounded(pair_products(selected(x, index)), dtype))
    assert actual.isnan().sum() == 9 * 4


@rows("dtype", DTYPES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_special_values_follow_ieee(schedule: str, dtype: torch.dtype) -> None:
    """Denormals are kept, overflow is infinite, inf * 0 and NaN are NaN, zeros keep their sign."""
    info = torch.finfo(dtype)
    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, info.max, info.tiny, info.smallest_normal * 0.5, 0.5, -1.0]
    x = torch.tensor(special, dtype=dtype, device=DEVICE).reshape(1, 10, 1, 1).expand(1, 10, 1, 2).contiguous()
    actual, expected = forward(x, None, schedule), rounded(pair_products(selected(x, None)), dtype)
    same(actual, expected)
    numbers = ~expected.isnan()
    assert torch.equal(actual.signbit()[numbers], expected.signbit()[numbers])


@rows("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_x_may_begin_at_any_element(schedule: str, dtype: torch.dtype) -> None:
    x = at_odd_address(values(2, 4, 2, 4, dtype=dtype))
    same(forward(x, None, schedule), rounded(pair_products(selected(x, None)), dtype))


@rows("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_out_may_begin_at_any_element_and_nothing_beyond_it_is_written(schedule: str, dtype: torch.dtype) -> None:
    x = values(2, 4, 2, 4, dtype=dtype)
    out = at_odd_address(torch.zeros(2, 6, 2, 4, dtype=dtype, device=DEVICE))
    numba_kernels.forward(x, None, out, schedule)
    same(out.cpu(), rounded(pair_products(selected(x, None)), dtype))
    room = torch.empty(0, dtype=dtype, device=DEVICE).set_(out.untyped_storage())
    assert room[0] == 7
    assert room[-1] == 7


@pytest.mark.parametrize("schedule", ["direct", "balanced"])
def test_a_grid_at_its_limits_does_the_rest_in_turns(schedule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "MOST_BLOCKS", 2)
    monkeypatch.setattr(products, "MOST_ROWS", 1)
    x = values(2, 3, 5, 3, dtype=torch.float32)
    same(forward(x, None, schedule), rounded(pair_products(selected(x, None)), torch.float32))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_flat_without_room_in_shared_memory_reads_through_the_cache(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SETTINGS", replace(planning.SETTINGS, shared=0))
    x, index = values(2, 5, 3, 3, dtype=dtype), indices(2, 4, 5)
    same(forward(x, index, "flat"), rounded(pair_products(selected(x, index)), dtype))


@pytest.mark.parametrize("tile", [2, 4, 8])
def test_a_tile_of_any_size_gives_the_same(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SETTINGS", replace(planning.SETTINGS, tiles=(tile,), blocks=1))
    x = values(1, 9, 2, 2, dtype=torch.float16)
    same(forward(x, None, "blocked"), rounded(pair_products(selected(x, None)), torch.float16))


@given(st.data())
def test_the_pair_at_a_position_is_exact_to_a_hundred_thousand_channels(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 100_000))
    p = data.draw(st.integers(0, n * (n - 1) // 2 - 1))
    assert index_maths.flat_to_pair(p, n) == pairs.flat_to_pair(p, n)


@given(st.integers(2, 100_000), st.integers(0, 99_998))
@example(100_000, 0)
@example(100_000, 99_998)
def test_the_first_and_last_pair_of_a_row_are_on_it(n: int, i: int) -> None:
    i %= n - 1
    for j in (i + 1, n - 1):
        p = index_maths.before_row(i, n) + j
        assert p == pairs.pair_to_flat(i, j, n)
        assert index_maths.flat_to_pair(p, n) == (i, j)
