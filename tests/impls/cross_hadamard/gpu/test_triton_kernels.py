"""The Triton kernels against the definitions: under the interpreter without a GPU, on the GPU with one."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("triton", reason="triton is not installed")
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when a kernel is defined, so before the next imports

import triton.language as tl
from triton.runtime.interpreter import InterpretedFunction

from impls.cross_hadamard.gpu import triton_kernels
from impls.cross_hadamard.gpu.triton_kernels import norms, operations
from impls.cross_hadamard.gpu.triton_kernels.index import pair_at
from impls.cross_hadamard.gpu.triton_kernels.language import kernel, launch
from impls.cross_hadamard.gpu.triton_kernels.planning import Configuration, plan_backward, plan_blocked, plan_flat
from impls.cross_hadamard.pairs import flat_to_pair, pair_count, pair_to_flat
from opbench.errors import MachineError

from ....compiled import release, remembered
from ....rows import rows

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available() and not isinstance(tl.cdiv, InterpretedFunction),
    reason="no CUDA device, and triton was imported before TRITON_INTERPRET=1 was set",
)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
SCHEDULES = ["direct", "balanced", "blocked", "flat"]
OURS = ["blocked", "flat"]
CLOSE = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 1e-2, torch.float64: 1e-12}
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "softsign": lambda u: u / (1 + u.abs()),
    "sigmoid": lambda u: torch.sigmoid(u) - 0.5,
    "algebraic": lambda u: u / torch.sqrt(1 + u * u),
    "tanh": torch.tanh,
    "identity": lambda u: u,
}
COLUMNS, OWNER = Configuration(0, 32, 1), Configuration(16, 32, 1)


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE, dtype)


def chosen(batch: int, channels: int, k: int) -> Tensor:
    return torch.randint(channels, (batch, k), generator=torch.Generator().manual_seed(1)).to(DEVICE)


def products(x: Tensor, index: Tensor | None = None) -> Tensor:
    """The definition, written as loops, in the dtype of x. An index outside C gives NaN."""
    if index is None:
        z = x
    else:
        nothing = torch.full_like(x[0, 0], math.nan)
        rows = [[x[b, c] if 0 <= c < x.shape[1] else nothing for c in row] for b, row in enumerate(index.tolist())]
        z = torch.stack([torch.stack(row) for row in rows])
    n = z.shape[1]
    return torch.stack([z[:, i] * z[:, j] for i in range(n) for j in range(i + 1, n)], 1)


def computed(x: Tensor, index: Tensor | None, schedule: str, configuration: Configuration | None = None) -> Tensor:
    n = x.shape[1] if index is None else index.shape[1]
    out = torch.full((x.shape[0], pair_count(n), *x.shape[2:]), 7.0, dtype=x.dtype, device=DEVICE)
    operations.forward(x, index, out, schedule, configuration)
    return out


def assert_exact(x: Tensor, index: Tensor | None, schedule: str, configuration: Configuration | None = None) -> None:
    want = products(x.double(), index).to(x.dtype)
    got = computed(x, index, schedule, configuration)
    torch.testing.assert_close(got, want, rtol=0, atol=0, equal_nan=True)


@kernel
def _find(out: tl.tensor, positions: tl.tensor, n: int, root: tl.constexpr, block: tl.constexpr) -> None:
    lanes = tl.arange(0, block)
    i, j = pair_at(tl.load(positions + lanes), tl.cast(n, tl.int64), root)
    tl.store(out + lanes, i)
    tl.store(out + block + lanes, j)


def found(positions: list[int], n: int, root: tl.dtype) -> list[tuple[int, int]]:
    count = 1 << (len(positions) - 1).bit_length()
    padded = torch.tensor(positions + [0] * (count - len(positions)), device=DEVICE)
    out = torch.empty(2, count, dtype=torch.int64, device=DEVICE)
    launch(_find, (1,), out, (out, padded, n), {"root": root, "block": count, "num_warps": 4})
    return list(zip(*out[:, : len(positions)].tolist(), strict=True))


@pytest.mark.parametrize("n", [2, 3, 5, 64, 2047, 2048, 2049, 46341, 65537, 100_000])
def test_the_pair_is_exact_at_the_ends_of_rows_and_between_them(n: int) -> None:
    rows = sorted({*range(min(n - 1, 300)), *range(max(0, n - 300), n - 1), *range(0, n - 1, max(1, n // 500))})
    ends = [pair_to_flat(i, j, n) for i in rows for j in (i + 1, n - 1)]
    between = torch.randint(pair_count(n), (1000,), generator=torch.Generator().manual_seed(n)).tolist()
    want = [flat_to_pair(p, n) for p in ends + between]
    assert found(ends + between, n, tl.float64) == want
    assert found(ends + between, n, tl.float32) == want  # uncorrected, this root is a row off from n = 46341


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_products_equal_the_definition(schedule: str) -> None:
    """One pair; odd and even channels below, at and past a tile of 8; maps within and past a block of 1,024.

    A program of `direct` and of `balanced` knows one pair and one channel, so more than 8 channels are more of the
    same there, at 8 ms each in the interpreter; `blocked` and `flat` get 17 and 33, past one and two tiles of 16.
    """
    shapes = [(3, 2, 1, 1), (3, 5, 1, 7), (1, 8, 3, 5), (2, 4, 14, 14), (1, 3, 33, 65)]
    for shape in [*shapes, (1, 17, 1, 2), (1, 33, 1, 1)] if schedule in OURS else shapes:
        assert_exact(random(*shape), None, schedule)


@pytest.mark.parametrize("schedule", SCHEDULES)
@rows("dtype", DTYPES)
def test_selected_channels_may_repeat_and_differ_by_sample(schedule: str, dtype: torch.dtype) -> None:
    assert_exact(random(3, 5, 4, 4, dtype=dtype), chosen(3, 5, 4), schedule)
    assert_exact(random(2, 5, 5, 7, dtype=dtype), None, schedule)


@pytest.mark.parametrize("schedule", OURS)
def test_maps_of_several_pieces_are_whole(schedule: str) -> None:
    assert_exact(random(1, 3, 13, 29), None, schedule, Configuration(2, 128, 1))


@rows("tile", [2, 4, 8])
@rows("n", [3, 8, 9])
def test_blocked_tiles_cover_the_triangle_and_nothing_else(tile: int, n: int) -> None:
    assert_exact(random(1, n, 1, 5), None, "blocked", Configuration(tile, 32, 1))


@rows("block", [32, 128, 512])
@rows("shape", [(5, 2, 1, 1), (3, 4, 1, 3), (2, 9, 1, 1), (2, 9, 1, 13), (2, 3, 6, 7)])
def test_flat_blocks_run_on_across_maps_rows_and_samples(block: int, shape: tuple[int, int, int, int]) -> None:
    assert_exact(random(*shape), None, "flat", Configuration(1, block, 1))


def test_flat_offsets_may_be_64_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    x = random(2, 5, 3, 5)
    planned = operations._ours("flat", x.shape, 5, x.dtype, False, "none", None)
    wide = planned._replace(fixed=planned.fixed | {"offset": tl.int64})
    monkeypatch.setattr(operations, "_ours", lambda *_: wide)
    assert_exact(x, None, "flat")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_grids_too_large_for_the_device_are_walked_in_strides(schedule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "LARGEST_GRID", 2)
    monkeypatch.setattr(operations, "LARGEST_SIDE_GRID", 1)
    operations._published.cache_clear()
    assert_exact(random(2, 3, 33, 35), None, schedule)
    operations._published.cache_clear()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_an_index_outside_the_channels_gives_nan_and_touches_nothing(schedule: str) -> None:
    index = torch.tensor([[0, -1, 2], [3, 1, 2**40]], device=DEVICE)
    assert_exact(random(2, 3, 1, 5), index, schedule)


@rows("dtype", DTYPES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_special_values_follow_ieee(schedule: str, dtype: torch.dtype) -> None:
    kinds = torch.finfo(dtype)
    odd = [math.nan, math.inf, -math.inf, 0.0, -0.0, kinds.smallest_normal / 4, kinds.max, -1.0, kinds.tiny, 3.0]
    x = torch.tensor(odd, dtype=dtype, device=DEVICE).reshape(1, 10, 1, 1).repeat(1, 1, 1, 2)
    got, want = computed(x, None, schedule), products(x.double()).to(dtype)
    torch.testing.assert_close(got, want, rtol=0, atol=0, equal_nan=True)
    zero = got == 0
    assert torch.equal(torch.signbit(got)[zero], torch.signbit(want)[zero])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_misaligned_storage_is_read_and_written_in_place(schedule: str) -> None:
    x = random(1 + 2 * 3 * 16)[1:].view(2, 3, 4, 4)
    room = torch.full((2 + 2 * 3 * 16,), 7.0, device=DEVICE)
    operations.forward(x, None, room[1:-1].view(2, 3, 4, 4), schedule)
    assert torch.equal(room[1:-1].view(2, 3, 4, 4), products(x))
    assert room[0] == room[-1] == 7.0


def affine(count: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    alpha = torch.tensor([0.7], dtype=wide, device=DEVICE)
    return alpha, random(count, dtype=wide, seed=2), random(count, dtype=wide, seed=3)


def expansion(x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str) -> Tensor:
    pairs = FUNCTIONS[norm](alpha * products(x, index)) * weight[:, None, None] + bias[:, None, None]
    return torch.cat([x, pairs], 1)


def assert_close(got: Tensor, want: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(got.double(), want.double(), rtol=tolerance, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize("schedule", OURS)
@rows(
    "norm, dtype",
    [*((norm, torch.float32) for norm in norms.NORMS), *(("softsign", one) for one in DTYPES[1:]), ("tanh", DTYPES[3])],
)
def test_expansion_equals_the_definition(norm: str, schedule: str, dtype: torch.dtype) -> None:
    """Two sizes where the code around the function is the question; one where it is the function, at 0.3 s a size."""
    sizes = (((3, 5, 1, 3), 4), ((2, 3, 7, 7), 5))
    for shape, k in sizes if norm == "softsign" else sizes[:1]:
        x, index, parts = random(*shape, dtype=dtype), chosen(shape[0], shape[1], k), affine(pair_count(k), dtype)
        out = torch.full((shape[0], shape[1] + pair_count(k), *shape[2:]), 7.0, dtype=dtype, device=DEVICE)
        triton_kernels.expand(x, index, *parts, norm, out, schedule)
        alpha, weight, bias = (one.double() for one in parts)
        want = expansion(x.double(), index, alpha, weight, bias, norm)
        assert_close(out, want, CLOSE[dtype])
        assert torch.equal(out[:, : shape[1]], x)


@pytest.mark.parametrize("schedule", OURS)
@rows("norm", [one for one in norms.NORMS if one != "identity"])
def test_bounded_functions_stay_bounded_at_infinity_and_let_nan_through(norm: str, schedule: str) -> None:
    x = torch.tensor([math.inf, 1.0, -math.inf, 3e38, math.nan], device=DEVICE).reshape(1, 5, 1, 1)
    index = torch.tensor([[0, 1, 2, 3, 4, 9]], device=DEVICE)
    out = torch.empty(1, 20, 1, 1, device=DEVICE)
    one, zero = torch.ones(15, device=DEVICE), torch.zeros(15, device=DEVICE)
    triton_kernels.expand(x, index, one[:1], one, zero, norm, out, schedule)
    bound = 0.5 if norm == "sigmoid" else 1.0
    signs = [1, -1, 1, math.nan, math.nan, -1, 1, math.nan, math.nan, -1, math.nan, math.nan, math.nan]
    want = bound * torch.tensor([*signs, math.nan, math.nan], device=DEVICE)
    torch.testing.assert_close(out.flatten()[5:], want, rtol=1e-6, atol=0, equal_nan=True)


@rows("norm", norms.NORMS)
def test_small_arguments_keep_their_digits(norm: str) -> None:
    x = torch.stack([torch.logspace(-9, 0, 41, dtype=torch.float64), torch.ones(41, dtype=torch.float64)])
    x = x.reshape(1, 2, 1, 41).to(DEVICE)
    out = torch.empty(1, 3, 1, 41, dtype=torch.float64, device=DEVICE)
    one, index = torch.ones(1, dtype=torch.float64, device=DEVICE), torch.tensor([[0, 1]], device=DEVICE)
    triton_kernels.expand(x, index, one, one, 0 * one, norm, out, "blocked")
    u = x[0, 0, 0].clone().requires_grad_()
    want = 0.5 * torch.tanh(u / 2) if norm == "sigmoid" else FUNCTIONS[norm](u)
    torch.testing.assert_close(out[0, 2, 0], want.detach(), rtol=1e-14, atol=0)
    grad, grad_x = torch.zeros_like(out), torch.empty_like(x)
    grad[:, 2] = 1
    triton_kernels.expand_backward(grad, x, index, one, one, 0 * one, norm, grad_x)
    torch.testing.assert_close(grad_x[0, 0, 0], torch.autograd.grad(want.sum(), u)[0], rtol=1e-12, atol=0)


@pytest.mark.parametrize("configuration", [COLUMNS, OWNER], ids=["columns", "owner"])
@rows("dtype", DTYPES)
def test_gradients_equal_those_of_the_definition(dtype: torch.dtype, configuration: Configuration) -> None:
    for shape, k in (((3, 2, 1, 1), None), ((1, 17, 1, 7), None), ((2, 3, 7, 7), 5)):
        x, index = random(*shape, dtype=dtype), None if k is None else chosen(shape[0], shape[1], k)
        given = x.double().requires_grad_()
        y = products(given, index)
        grad = random(*y.shape, dtype=dtype, seed=4)
        (want,) = torch.autograd.grad(y, given, grad.double())
        grad_x = torch.full_like(x, 7.0)
        operations.backward(grad, x, index, grad_x, configuration)
        assert_close(grad_x, want, CLOSE[dtype])


@pytest.mark.parametrize("configuration", [COLUMNS, OWNER], ids=["columns", "owner"])
@rows("norm, dtype", [*((one, torch.float32) for one in norms.NORMS), *(("softsign", one) for one in DTYPES[1:])])
def test_gradients_of_the_expansion_equal_those_of_the_definition(
    norm: str, dtype: torch.dtype, configuration: Configuration
) -> None:
    x, index, parts = random(2, 3, 5, 7, dtype=dtype), chosen(2, 3, 4), affine(6, dtype)
    given = [one.double().requires_grad_() for one in (x, *parts)]
    y = expansion(given[0], index, given[1], given[2], given[3], norm)
    grad = random(*y.shape, dtype=dtype, seed=4)
    want = torch.autograd.grad(y, given, grad.double())
    grad_x = torch.full_like(x, 7.0)
    sums = operations.expand_backward(grad, x, index, *parts, norm, grad_x, configuration)
    assert sums.shape == (4, 3, 6)  # 2 samples, 35 elements in pieces of 32
    assert_close(grad_x, want[0], CLOSE[dtype])
    for row, expected in ((2, want[1]), (0, want[2]), (1, want[3])):
        found_sum = sums[:, row].sum(0) if row < 2 else sums[:, 2].sum().reshape(1)
        assert_close(found_sum, expected, min(CLOSE[dtype], 1e-4))


@pytest.mark.parametrize("configuration", [COLUMNS, OWNER], ids=["columns", "owner"])
def test_a_gradient_is_written_for_every_channel_and_no_other_memory(configuration: Configuration) -> None:
    x, index = random(1, 4, 1, 3), torch.tensor([[1, 1, 2]], device=DEVICE)
    room = torch.full((4 * 3 + 2,), 7.0, device=DEVICE)
    operations.backward(torch.ones(1, 3, 1, 3, device=DEVICE), x, index, room[1:-1].view(1, 4, 1, 3), configuration)
    got = room[1:-1].view(1, 4, 1, 3)
    assert room[0] == room[-1] == 7.0
    assert torch.equal(got[0, [0, 3]], torch.zeros(2, 1, 3, device=DEVICE))
    torch.testing.assert_close(got[0, 1], 2 * (x[0, 1] + x[0, 2]))


@pytest.mark.parametrize("configuration", [COLUMNS, OWNER], ids=["columns", "owner"])
def test_an_index_outside_the_channels_adds_nothing_to_a_gradient(configuration: Configuration) -> None:
    x, index = random(1, 3, 1, 5), torch.tensor([[-1, 3, 2**40]], device=DEVICE)
    grad_x = torch.full_like(x, 7.0)
    operations.backward(torch.ones(1, 3, 1, 5, device=DEVICE), x, index, grad_x, configuration)
    assert torch.equal(grad_x, torch.zeros_like(x))


def test_plans_give_what_the_kernels_can_compile() -> None:
    for n in (2, 3, 17, 64, 200, 2048):
        for size in (1, 7, 49, 196, 2145, 4096, 2**20):
            for itemsize in (2, 4, 8):
                plans = [plan_blocked(n, size, itemsize, normed) for normed in (False, True)]
                plans += [plan_flat(n * n * size, size, itemsize, True), plan_backward(3, n, size, itemsize, True)]
                for one in plans:
                    assert one.block.bit_count() == one.warps.bit_count() == 1
                    assert 32 <= one.block <= 4096
                    assert one.warps <= 16


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to tune on")
def test_tuning_without_a_gpu_is_refused() -> None:
    from impls.cross_hadamard.gpu.triton_kernels.tuning import tune

    with pytest.raises(MachineError, match="CUDA"):
        tune(random(1, 3, 2, 2), None, "forward", "blocked")


def _compiled() -> list[dict[str, Any]]:
    """In a process of its own: this one may have imported triton to interpret. Needs no device."""
    environment = {name: text for name, text in os.environ.items() if name != "TRITON_INTERPRET"}
    environment["PYTHONPATH"] = str(Path(triton_kernels.__file__).parents[4])
    module = "impls.cross_hadamard.gpu.triton_kernels.compiling"
    done = subprocess.run(
        [sys.executable, "-m", module], env=environment, capture_output=True, text=True, timeout=3600, check=False
    )
    if done.returncode == 3:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_kernel_compiles_for_sm_90_without_spilling() -> None:
    sources = Path(triton_kernels.__file__).parent
    told: list[dict[str, Any]] = remembered(["sm_90", release("triton")], sources, _compiled)
    made = {(one["kernel"], one["dtype"]) for one in told}
    kernels = {"direct", "balanced", "blocked", "flat", "columns", "owner"}
    assert made == {(name, dtype) for name in kernels for dtype in ("*fp32", "*fp16", "*bf16", "*fp64")}
    assert [one for one in told if one["spilled"]] == []
    for one in told:
        if one["kernel"] == "blocked":
            widest = "st.global.cs.v2.b64" if one["dtype"] == "*fp64" else "st.global.cs.v4.b32"
            assert one["stores"] == [widest]
