"""The Numba kernels against loops in float64: on the GPU where there is one, else in Numba's simulator.

A simulated thread is a Python thread, so shapes are tiny; the rules that choose tiles, chunks and kernels are then
those of `planning.SIMULATOR`, which reach every branch at such shapes.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

if not torch.cuda.is_available():
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"  # before the first import of numba
pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from impls.cross_hadamard import numba_kernels, pairs
from impls.cross_hadamard.numba_kernels import index as index_maths
from impls.cross_hadamard.numba_kernels import machine, planning, products, simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

DEVICE = "cpu" if machine.SIMULATED else "cuda"
DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
SCHEDULES = ("direct", "balanced", "blocked", "flat")
OURS = ("blocked", "flat")
NORMS = ("softsign", "sigmoid", "algebraic", "tanh")
TOLERANCE = {torch.float32: 3e-6, torch.float16: 1e-3, torch.bfloat16: 8e-3, torch.float64: 1e-12}
SHAPES = ((1, 2, 1, 1), (2, 3, 1, 7), (1, 9, 2, 2), (1, 6, 3, 3), (2, 5, 2, 4))
"""Maps of every vector width: odd, and of 2, 4, 8 and more elements; channels below, at and past a tile's edge."""


def values(*shape: int, dtype: torch.dtype, seed: int = 1) -> Tensor:
    made = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return made.to(dtype).to(DEVICE)


def indices(batch: int, k: int, channels: int) -> Tensor:
    """Random, and as k passes C repeated."""
    made = torch.randint(channels, (batch, k), generator=torch.Generator().manual_seed(k))
    return made.to(DEVICE)


def rounded(exact: Tensor, dtype: torch.dtype) -> Tensor:
    return exact.to(dtype)


def selected(x: Tensor, index: Tensor | None) -> Tensor:
    """z (B, n, H, W) in float64; NaN where the index names no channel."""
    wide = x.double().cpu()
    if index is None:
        return wide
    z = torch.full((index.shape[0], index.shape[1], *x.shape[2:]), math.nan, dtype=torch.float64)
    for b, row in enumerate(index.tolist()):
        for i, c in enumerate(row):
            if 0 <= c < x.shape[1]:
                z[b, i] = wide[b, c]
    return z


def pair_products(z: Tensor) -> Tensor:
    n = z.shape[1]
    return torch.stack([z[:, i] * z[:, j] for i in range(n) for j in range(i + 1, n)], dim=1)


def forward(x: Tensor, index: Tensor | None, schedule: str) -> Tensor:
    n = x.shape[1] if index is None else index.shape[1]
    out = torch.full((x.shape[0], n * (n - 1) // 2, *x.shape[2:]), 7.0, dtype=x.dtype, device=DEVICE)
    numba_kernels.forward(x, index, out, schedule)
    return out.cpu()


def same(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


def near(found: Tensor, expected: Tensor, dtype: torch.dtype, terms: int = 1) -> None:
    tolerance = TOLERANCE[dtype] * terms
    torch.testing.assert_close(found.double().cpu(), expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def at_odd_address(tensor: Tensor) -> Tensor:
    """The same values, one element past where the allocator would put them."""
    room = torch.full((tensor.numel() + 2,), 7.0, dtype=tensor.dtype, device=DEVICE)
    moved = room[1:-1].view(tensor.shape)
    moved.copy_(tensor)
    return moved


# Forward


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_product_is_the_exact_one_rounded_once(schedule: str, dtype: torch.dtype) -> None:
    for shape in SHAPES:
        x = values(*shape, dtype=dtype)
        same(forward(x, None, schedule), rounded(pair_products(selected(x, None)), dtype))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_an_index_selects_per_sample_and_may_repeat(schedule: str, dtype: torch.dtype) -> None:
    for (batch, channels, *space), k in zip(SHAPES, (5, 2, 3, 7, 5), strict=True):
        x, index = values(batch, channels, *space, dtype=dtype), indices(batch, k, channels)
        same(forward(x, index, schedule), rounded(pair_products(selected(x, index)), dtype))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_an_index_outside_the_channels_gives_nan_and_reads_nothing(schedule: str, dtype: torch.dtype) -> None:
    x, index = values(1, 3, 1, 4, dtype=dtype), torch.tensor([[2, -1, 0, 3, 2**62]], device=DEVICE)
    found = forward(x, index, schedule)
    same(found, rounded(pair_products(selected(x, index)), dtype))
    assert found.isnan().sum() == 9 * 4


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_special_values_follow_ieee(schedule: str, dtype: torch.dtype) -> None:
    """Denormals are kept, overflow is infinite, inf * 0 and NaN are NaN, zeros keep their sign."""
    info = torch.finfo(dtype)
    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, info.max, info.tiny, info.smallest_normal * 0.5, 0.5, -1.0]
    x = torch.tensor(special, dtype=dtype, device=DEVICE).reshape(1, 10, 1, 1).expand(1, 10, 1, 2).contiguous()
    found, expected = forward(x, None, schedule), rounded(pair_products(selected(x, None)), dtype)
    same(found, expected)
    numbers = ~expected.isnan()
    assert torch.equal(found.signbit()[numbers], expected.signbit()[numbers])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_x_may_begin_at_any_element(schedule: str, dtype: torch.dtype) -> None:
    x = at_odd_address(values(2, 4, 2, 4, dtype=dtype))
    same(forward(x, None, schedule), rounded(pair_products(selected(x, None)), dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_out_may_begin_at_any_element_and_nothing_beyond_it_is_written(schedule: str, dtype: torch.dtype) -> None:
    x = values(2, 4, 2, 4, dtype=dtype)
    out = at_odd_address(torch.zeros(2, 6, 2, 4, dtype=dtype, device=DEVICE))
    numba_kernels.forward(x, None, out, schedule)
    same(out.cpu(), rounded(pair_products(selected(x, None)), dtype))
    room = torch.empty(0, dtype=dtype, device=DEVICE).set_(out.untyped_storage())
    assert room[0] == 7
    assert room[-1] == 7


@pytest.mark.parametrize("moved", ["grad", "x", "grad_x"])
@pytest.mark.parametrize("path", ["owner", "columns"])
def test_tensors_of_the_backward_may_begin_at_any_element(
    path: str, moved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(path, monkeypatch)
    tensors = {
        "grad": values(1, 3, 1, 4, dtype=torch.float16, seed=3),
        "x": values(1, 3, 1, 4, dtype=torch.float16),
        "grad_x": values(1, 3, 1, 4, dtype=torch.float16),
    }
    tensors[moved] = at_odd_address(tensors[moved])
    numba_kernels.backward(tensors["grad"], tensors["x"], None, tensors["grad_x"])
    expected = gradient_of_x(tensors["grad"].double().cpu(), tensors["x"], None)
    near(tensors["grad_x"], expected, torch.float16, terms=3)


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


# Index maths


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


# The normalised expansion


def normalise(name: str, u: Tensor) -> Tensor:
    if name == "softsign":
        return u / (1 + u.abs())
    if name == "sigmoid":
        return u.sigmoid() - 0.5
    return u.tanh() if name == "tanh" else u / (1 + u * u).sqrt()


def parameters(pair_count: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    weight, bias = values(2, pair_count, dtype=wide, seed=2)
    return torch.tensor([0.7], dtype=wide, device=DEVICE), weight.clone(), bias.clone()


def definition(x: Tensor, z: Tensor, given_: Sequence[Tensor], norm: str) -> Tensor:
    alpha, weight, bias = given_
    made = normalise(norm, alpha * pair_products(z)) * weight[:, None, None] + bias[:, None, None]
    return torch.cat([x, made], dim=1)


def expand(x: Tensor, index: Tensor, norm: str, schedule: str) -> tuple[Tensor, Tensor]:
    """What the kernel gives, and the float64 definition."""
    given_ = parameters(index.shape[1] * (index.shape[1] - 1) // 2, x.dtype)
    expected = definition(x.double().cpu(), selected(x, index), [one.double().cpu() for one in given_], norm)
    out = torch.full(expected.shape, 7.0, dtype=x.dtype, device=DEVICE)
    numba_kernels.expand(x, index, *given_, norm, out, schedule)
    return out, expected


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("schedule", OURS)
def test_the_expansion_is_x_and_its_normalised_pairs(schedule: str, norm: str, dtype: torch.dtype) -> None:
    for (batch, channels, *space), k in zip(SHAPES[1:4], (3, 6, 5), strict=True):
        x = values(batch, channels, *space, dtype=dtype)
        found, expected = expand(x, indices(batch, k, channels), norm, schedule)
        near(found, expected, dtype)
        assert torch.equal(found[:, :channels], x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64], ids=str)
@pytest.mark.parametrize("norm", NORMS)
def test_an_overflowing_product_reaches_the_bound_and_nan_stays(norm: str, dtype: torch.dtype) -> None:
    huge = torch.finfo(dtype).max
    x = torch.tensor([huge, huge, -huge, math.inf, math.nan], dtype=dtype, device=DEVICE).reshape(1, 5, 1, 1)
    wide = parameters(10, dtype)[0].dtype
    index = torch.arange(5, device=DEVICE).reshape(1, 5)
    ones, zeros = (torch.full((10,), value, dtype=wide, device=DEVICE) for value in (1.0, 0.0))
    out = torch.empty(1, 15, 1, 1, dtype=dtype, device=DEVICE)
    numba_kernels.expand(x, index, ones[:1], ones, zeros, norm, out, "blocked")
    bound = 0.5 if norm == "sigmoid" else 1.0
    exact = pair_products(selected(x, index))
    expected = torch.where(exact.isnan(), exact, exact.sign() * bound)
    near(out[:, 5:], expected, dtype)


@pytest.mark.parametrize("schedule", OURS)
def test_an_expansion_with_an_index_outside_gives_nan_there(schedule: str) -> None:
    x, index = values(1, 3, 1, 5, dtype=torch.float32), torch.tensor([[0, 3, 2]], device=DEVICE)
    found, expected = expand(x, index, "softsign", schedule)
    near(found, expected, torch.float32)
    assert found.isnan().sum() == 2 * 5


# Gradients


PATHS = {"owner": 10**9, "columns": 1}
"""Places from which on the columns kernel serves."""


def take(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SETTINGS", replace(planning.SETTINGS, places=PATHS[path]))


def gradient_of_x(grad: Tensor, x: Tensor, index: Tensor | None, passed: Tensor | None = None) -> Tensor:
    """By the definition's loops: sum over j != i of grad[i, j] * z[j], at each position's channel, in float64."""
    z = selected(x, index)
    n, result = z.shape[1], torch.zeros(x.shape, dtype=torch.float64) if passed is None else passed.clone()
    for b in range(x.shape[0]):
        for i in range(n):
            c = i if index is None else int(index[b, i])
            for j in range(n):
                if i != j and 0 <= c < x.shape[1]:
                    result[b, c] += grad[b, pairs.pair_to_flat(min(i, j), max(i, j), n)] * z[b, j]
    return result


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("path", PATHS)
def test_the_gradient_of_x_sums_over_partners(path: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    take(path, monkeypatch)
    for shape, k in (((2, 3, 1, 5), None), ((1, 6, 2, 2), None), ((1, 9, 1, 1), 5), ((2, 3, 1, 4), 5)):
        x, index = values(*shape, dtype=dtype), None if k is None else indices(shape[0], k, shape[1])
        n = k or shape[1]
        grad = values(shape[0], n * (n - 1) // 2, *shape[2:], dtype=dtype, seed=3)
        grad_x = torch.full_like(x, 7.0)
        numba_kernels.backward(grad, x, index, grad_x)
        near(grad_x, gradient_of_x(grad.double().cpu(), x, index), dtype, terms=n)


@pytest.mark.parametrize("path", PATHS)
def test_channels_outside_the_index_get_zero_and_a_wrong_index_gets_none(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(path, monkeypatch)
    x, index = values(1, 5, 1, 3, dtype=torch.float32), torch.tensor([[1, 4, 1, 9]], device=DEVICE)
    grad = values(1, 6, 1, 3, dtype=torch.float32, seed=3)
    grad_x = torch.full_like(x, 7.0)
    numba_kernels.backward(grad, x, index, grad_x)
    near(grad_x, gradient_of_x(grad.double().cpu(), x, index), torch.float32)
    assert (grad_x[:, [0, 2, 3]] == 0).all()


@pytest.mark.parametrize("path", PATHS)
def test_repeated_positions_are_rounded_once_together(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three terms of 1.0039: rounded one by one to bfloat16 they would make 3, together they make 3.015625."""
    take(path, monkeypatch)
    x = torch.ones(1, 2, 1, 1, dtype=torch.bfloat16, device=DEVICE)
    x[0, 1] = 1.0078125
    index = torch.tensor([[0, 0, 0, 1]], device=DEVICE)
    grad = torch.zeros(1, 6, 1, 1, dtype=torch.bfloat16, device=DEVICE)
    grad[0, [2, 4, 5]] = 0.99609375
    grad_x = torch.empty_like(x)
    numba_kernels.backward(grad, x, index, grad_x)
    same(grad_x.cpu(), rounded(gradient_of_x(grad.double().cpu(), x, index), torch.bfloat16))
    assert grad_x[0, 0] == 3.015625


@pytest.mark.parametrize("path", PATHS)
def test_the_same_gradients_come_out_bit_for_bit_every_time(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    take(path, monkeypatch)
    x, index = values(2, 4, 1, 7, dtype=torch.float32), indices(2, 5, 4)
    grad = values(2, 10 + 4, 1, 7, dtype=torch.float32, seed=3)
    given_ = parameters(10, x.dtype)
    found = []
    for _ in range(2):
        grad_x = torch.empty_like(x)
        found.append((grad_x, numba_kernels.expand_backward(grad, x, index, *given_, "tanh", grad_x)))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("path", PATHS)
def test_the_expansion_s_gradients_are_those_of_its_definition(
    path: str, norm: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(path, monkeypatch)
    batch, channels, k, space = 2, 5, 4, (1, 4) if path == "columns" else (1, 3)
    x, index = values(batch, channels, *space, dtype=dtype), indices(batch, k, channels)
    given_ = parameters(6, dtype)
    grad = values(batch, channels + 6, *space, dtype=dtype, seed=3)
    grad_x = torch.full_like(x, 7.0)
    sums = numba_kernels.expand_backward(grad, x, index, *given_, norm, grad_x).double().cpu().sum(0)

    wide, g = x.double().cpu().requires_grad_(), grad.double().cpu()
    alpha, weight, bias = (one.double().cpu().requires_grad_() for one in given_)
    z = torch.stack([wide[b, index[b].cpu()] for b in range(batch)])
    by_x, by_alpha, by_weight, by_bias = torch.autograd.grad(
        definition(wide, z, (alpha, weight, bias), norm), (wide, alpha, weight, bias), g
    )
    accumulated = torch.float64 if dtype == torch.float64 else torch.float32
    near(grad_x, by_x, dtype, terms=k)
    near(sums[0], by_weight, accumulated, terms=k)
    near(sums[1], by_bias, accumulated, terms=k)
    near(sums[2].sum().reshape(1), by_alpha, accumulated, terms=4 * k)


def test_sums_come_in_parts_where_one_block_would_be_alone() -> None:
    x, index = values(3, 2, 1, 5, dtype=torch.float64), indices(3, 2, 2)
    grad, grad_x = values(3, 3, 1, 5, dtype=torch.float64, seed=3), torch.empty(3, 2, 1, 5, dtype=torch.float64)
    sums = numba_kernels.expand_backward(grad, x, index, *parameters(1, x.dtype), "tanh", grad_x.to(DEVICE))
    assert sums.shape[1:] == (3, 1)
    assert sums.shape[0] > 1 or DEVICE == "cuda"
    near(sums[:, 1].sum(0), grad[:, 2].double().cpu().sum().reshape(1), torch.float64, terms=4)


# The simulator's memory and half precision


def test_a_simulated_access_outside_the_tensor_is_an_error() -> None:
    memory = simulated.Memory(torch.zeros(4, dtype=torch.float16))
    with pytest.raises(IndexError, match="bytes 8 to 10 of a tensor of 8 bytes"):
        memory.view("b16", 4, 1)
    with pytest.raises(IndexError, match="bytes -2 to 0"):
        memory.view("b16", -1, 1)


def test_a_simulated_vector_at_a_misaligned_address_is_an_error() -> None:
    memory = simulated.Memory(torch.zeros(8, dtype=torch.float32)[1:])
    with pytest.raises(IndexError, match="a vector of 16 bytes at an address that is 4 off"):
        memory.view("f32", 0, 4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_simulated_halves_convert_as_torch_does(dtype: torch.dtype) -> None:
    name = str(dtype).removeprefix("torch.")
    every = torch.arange(-(2**15), 2**15, 97, dtype=torch.int32).to(torch.int16).view(dtype)
    wide = [simulated.widen(name)(int(bits) & 0xFFFF) for bits in every.view(torch.int16)]
    same(torch.tensor([float(one) for one in wide]), every.float())
    near_ties = torch.cat([every.float(), every.float() * 1.001953125, torch.randn(99) * 1e-6])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        bits = [int(simulated.narrow(name)(one)) for one in near_ties.numpy()]
    narrow = torch.tensor(bits, dtype=torch.int32).to(torch.int16).view(dtype)
    same(narrow.float(), near_ties.to(dtype).float())


# What the compiler makes of it

COMPILE = """
import json, re, sys
from types import SimpleNamespace
from numba import cuda, types
from numba.cuda import cuda_paths, dispatcher
from numba.cuda.cudadrv import nvrtc
if not cuda.is_available():  # what is asked of a device or of NVRTC before NVVM may compile
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=(9, 0))
    nvrtc.get_supported_ccs = lambda: ((9, 0),)
    cuda_paths._get_nvrtc_path = lambda: None
from numba.cuda.cudadrv import nvvm
try:
    nvvm.NVVM()
except Exception as error:
    sys.exit(f"NVVM: {type(error).__name__}: {error}")
from impls.cross_hadamard.numba_kernels import blocked, columns, flat, owners, published, reductions, words
def kernels_of(one, wide, vector): return {
    "direct": (published.direct_kernel(one, True), 8),
    "balanced": (published.balanced_kernel(one, True), 8),
    "blocked": (blocked.blocked_kernel(wide, vector, 8, True, None), 11),
    "blocked expand": (blocked.blocked_kernel(wide, vector, 8, True, "softsign"), 11),
    "flat": (flat.flat_kernel(one, 16 // one.size, True, 32, False, None), 12),
    "flat expand": (flat.flat_kernel(one, 16 // one.size, False, 64, True, "tanh"), 12),
    "owner": (owners.owner_kernel(one, True, "sigmoid"), 11),
    "columns": (columns.columns_kernel(wide, True, "algebraic"), 11),
    "sums": (reductions.sums_kernel(wide, 128, "softsign"), 11),
}
for dtype in sys.argv[1:]:
    one, wide = words.word_of(dtype, 1), words.word_of(dtype, 2)
    for name, (kernel, count) in kernels_of(one, wide, 16 // wide.size).items():
        signature = (types.int64,) * count
        code, _ = cuda.compile(kernel.py_func, signature, cc=(9, 0), device=False, output="ptx", abi="numba")
        code = code.decode() if isinstance(code, bytes) else code
        stores, depot = sorted(set(re.findall(r"st[.]global[.a-z0-9]*", code))), "__local_depot" in code
        flushes = bool(re.search(r"[.]ftz|[.]approx", code))
        made = {"dtype": dtype, "name": name, "stores": stores, "depot": depot, "flushes": flushes}
        print(json.dumps(made), flush=True)
"""


def toolkit() -> str | None:
    """Where nvcc has its toolkit; None leaves it to Numba to find NVVM."""
    if "CUDA_HOME" in os.environ or not (nvcc := shutil.which("nvcc")):
        return os.environ.get("CUDA_HOME")
    plan = subprocess.run([nvcc, "--dryrun", "-c", "-x", "cu", os.devnull], capture_output=True, text=True, check=False)
    top = re.search(r"TOP=(.*)", plan.stderr)
    return None if top is None else str(Path(top[1].strip()).resolve())


@pytest.fixture(scope="module")
def compiled() -> list[dict[str, Any]]:
    """PTX of every kernel for sm_90, by a process without the simulator: stores, local memory, approximations."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}
    if root := toolkit():
        environment["CUDA_HOME"] = root
    ran = subprocess.run(
        [sys.executable, "-c", COMPILE, *WIDEST],
        capture_output=True, text=True, check=False, env=environment, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    if "NVVM: " in ran.stderr and not ran.stdout:
        pytest.skip(f"compiling without a GPU needs NVVM: {ran.stderr.strip().splitlines()[-1]}")
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


WIDEST = {"float32": "v4.f32", "float16": "v4.b32", "bfloat16": "v4.b32", "float64": "v2.f64"}
"""16 bytes, by dtype."""


def test_every_kernel_compiles_for_every_dtype_and_keeps_its_registers(compiled: list[dict[str, Any]]) -> None:
    assert len(compiled) == 9 * len(WIDEST)
    assert [made for made in compiled if made["depot"]] == [], "registers went to local memory"


def test_all_stores_are_streaming_and_ours_are_of_16_bytes(compiled: list[dict[str, Any]]) -> None:
    for made in compiled:
        assert all(store.startswith("st.global.cs") for store in made["stores"]), made
        if made["name"].startswith(("blocked", "flat")):
            assert f"st.global.cs.{WIDEST[made['dtype']]}" in made["stores"], made


def test_products_neither_flush_denormals_nor_approximate(compiled: list[dict[str, Any]]) -> None:
    assert [made for made in compiled if made["flushes"] and made["name"] in SCHEDULES] == []


@pytest.mark.gpu
@pytest.mark.skipif(machine.SIMULATED, reason="needs a CUDA device: the simulator has no streams")
def test_a_warm_launch_can_be_captured_in_a_graph() -> None:
    x = values(2, 8, 4, 4, dtype=torch.float32)
    out = torch.empty(2, 28, 4, 4, device=DEVICE)
    for schedule in SCHEDULES:
        numba_kernels.forward(x, None, out, schedule)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            numba_kernels.forward(x, None, out, schedule)
        x.copy_(values(2, 8, 4, 4, dtype=torch.float32, seed=5))
        out.zero_()
        graph.replay()
        same(out.cpu(), rounded(pair_products(selected(x, None)), torch.float32))
