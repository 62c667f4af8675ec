"""Every set of vector instructions that the C++ kernels are compiled for, with stores through and around the caches.

A variant that this processor cannot run is skipped, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from impls import vector_variants
from impls.cross_hadamard import cpp_kernels
from impls.cross_hadamard.norms import NORMS
from opbench.caches import CacheUse, known

from ..cpp_ways import stores_of, vectors_of
from .definitions import DTYPES, expansion, index_of, pairs, random

pytestmark = pytest.mark.compiler

SCHEDULES = ["direct", "balanced", "blocked", "flat"]
SHAPES = [(1, 2, 1), (2, 9, 7, 7), (3, 17, 16, 16), (1, 33, 13, 29), (1, 13, 2311), (1, 11, 32, 37)]
"""One element; maps of no whole vector, of whole ones only, past a piece of second channels, past a queue's buffer, and
of whole lines, some of them in each stripe."""

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}


vectors, stores = vectors_of(cpp_kernels), stores_of(cpp_kernels)


def at_every_offset(x: Tensor, count: int) -> Iterator[Tensor]:
    """Outputs that begin anywhere in a vector, NaN before they are written, with a NaN on both sides."""
    for offset in (1, 2, 8, 31):
        yield torch.full((count + offset + 32,), float("nan"), dtype=x.dtype)[offset : offset + count]


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("stripes", [False, True])
def test_streamed_maps_are_the_same_in_rows_and_in_stripes(stripes: bool) -> None:
    """Whichever of both is usual on processors of this maker. More rows than are made together, whole lines each."""
    own = cpp_kernels.stripe_small_maps(stripes)
    try:
        cpp_kernels.use_caches(CacheUse(1 << 20, 0, 0, "assumed"))
        for shape in [(1, 2, 32, 16), (3, 19, 32, 37), (2, 11, 2048)]:
            x = random(*shape, dtype=torch.float32)
            assert torch.equal(cpp_kernels.forward(x), pairs(x)), shape
    finally:
        cpp_kernels.stripe_small_maps(own)
        cpp_kernels.use_caches(known(torch.get_num_threads()))


@pytest.mark.usefixtures("stores", "vectors")
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_products_are_rounded_once(schedule: str) -> None:
    for dtype in DTYPES:
        for shape in SHAPES:
            x = random(*shape, dtype=dtype)
            want = pairs(x)
            assert torch.equal(cpp_kernels.forward(x, None, None, schedule), want), (dtype, shape)
            for out in at_every_offset(x, want.numel()):
                cpp_kernels.forward(x, None, out.view(want.shape), schedule)
                assert torch.equal(out.view(want.shape), want), (dtype, shape, out.storage_offset())
                whole = torch.as_strided(out, (out.numel() + 2,), (1,), out.storage_offset() - 1)
                assert whole[[0, -1]].isnan().all(), (dtype, shape, "written beside the output")


@pytest.mark.usefixtures("stores", "vectors")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_rounded_as_by_wide_arithmetic(dtype: torch.dtype) -> None:
    """Every finite number, infinity and NaN, each with subnormal, ordinary and large partners."""
    every = torch.arange(-(1 << 15), 1 << 15, dtype=torch.int32).to(torch.int16).view(dtype)
    tiny = 2.0**-20 if dtype == torch.float16 else 2.0**-130
    for partner in (tiny, 0.333, 1.0, 257.0, 3e4):
        x = torch.stack([every, torch.full_like(every, partner)]).unsqueeze(0)
        want = (every.float() * x[0, 1].float()).to(dtype)
        got = cpp_kernels.forward(x)[0, 0]
        torch.testing.assert_close(got, want, rtol=0, atol=0, equal_nan=True)


class Defined(NamedTuple):
    """An expansion's arguments, and what the definition makes of them."""

    given: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
    want: Tensor
    grad: Tensor
    gradients: tuple[Tensor, ...]
    of_pairs: Tensor
    """The part of `grad` that is of the products."""
    through_pairs: Tensor


@cache
def defined(norm: str, dtype: torch.dtype, shape: tuple[int, ...]) -> Defined:
    """Once for all instructions and stores."""
    x, index = random(*shape, dtype=dtype), index_of(shape[0], 6, shape[1])
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    alpha, weight, bias = torch.tensor([0.7], dtype=wide), *(random(15, dtype=wide, seed=at) for at in (2, 3))
    leaves = [one.double().requires_grad_() for one in (x, alpha, weight, bias)]
    want = expansion(index, *leaves, norm=norm)
    grad = random(*want.shape, dtype=dtype, seed=5)
    gradients = torch.autograd.grad(want, leaves, grad.double())
    of_pairs = grad[:, shape[1] :].contiguous()
    (through_pairs,) = torch.autograd.grad(pairs(leaves[0], index), leaves[0], of_pairs.double())
    return Defined((x, index, alpha, weight, bias), want.detach(), grad, gradients, of_pairs, through_pairs)


@pytest.mark.usefixtures("stores", "vectors")
@pytest.mark.parametrize("norm", NORMS)
def test_expansions_and_their_gradients_are_the_definitions(norm: str) -> None:
    for dtype in DTYPES:
        for shape in SHAPES:
            told = defined(norm, dtype, shape)
            x, index, *_ = told.given
            for schedule in ("flat", "blocked"):
                got = cpp_kernels.expand(*told.given, norm, schedule)
                assert torch.equal(got[:, : shape[1]], x)
                near(got, told.want, 1)
            actual = cpp_kernels.expand_backward(told.grad, *told.given, norm)
            for got, expected in zip(actual, told.gradients, strict=True):
                near(got, expected, 4)
            near(cpp_kernels.backward(told.of_pairs, x, index), told.through_pairs, 4)


def near(got: Tensor, want: Tensor, factor: float) -> None:
    """Within a tolerance of the largest element: sums of many terms cancel."""
    limit = factor * TOLERANCE[got.dtype]
    scale = max(1.0, float(want.abs().max()))
    torch.testing.assert_close(got.double(), want.double(), rtol=limit, atol=limit * scale)


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("norm", ["sigmoid", "tanh"])
def test_exponentials_are_right_from_the_smallest_to_the_largest_argument(norm: str) -> None:
    """To two units in the last place of what the definition gives."""
    for dtype, units in ((torch.float32, 2.5e-7), (torch.float64, 5e-16)):
        sizes = torch.logspace(-30, 3, 3001, dtype=torch.float64).to(dtype)
        x = torch.stack([torch.cat([sizes, -sizes]), torch.ones(6002, dtype=dtype)]).unsqueeze(0)
        index, one, zero = torch.tensor([[0, 1]]), torch.ones(1, dtype=dtype), torch.zeros(1, dtype=dtype)
        got = cpp_kernels.expand(x, index, one, one, zero, norm)[0, 2].double()
        u = x[0, 0].double()
        want = u.tanh() if norm == "tanh" else u.sigmoid() - 0.5
        absolute = 0.0 if norm == "tanh" else units  # 1 / (1 + e^-u) - 0.5 cancels near 0
        torch.testing.assert_close(got, want, rtol=2 * units, atol=absolute)


@pytest.mark.usefixtures("vectors")
def test_bfloat16_keeps_subnormal_products() -> None:
    """The instruction that rounds to bfloat16 takes them for zero; one in a vector must not spoil its neighbours."""
    x = torch.full((1, 2, 67), 1.7, dtype=torch.bfloat16)
    x[0, 0, 13] = 2.0**-127
    got = cpp_kernels.forward(x)[0, 0]
    assert torch.equal(got, (x[0, 0].float() * x[0, 1].float()).to(torch.bfloat16))
    assert got[13] > 0


def test_an_unknown_set_of_instructions_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no vectors 'mmx' on this processor; there are: \w+"):
        cpp_kernels.operators().use_vectors("mmx")


def test_the_widest_instructions_are_taken() -> None:
    operators = cpp_kernels.operators()
    assert operators.vectors() == operators.usable_vectors()[-1]


def test_a_negative_size_from_which_stores_go_around_the_caches_is_refused() -> None:
    with pytest.raises(ValueError, match="from -1 and 5 bytes on; expected numbers of 0 and above"):
        cpp_kernels.operators().use_stream_from(-1, 5)


def test_the_sizes_from_which_stores_go_around_the_caches_are_the_measured_ones() -> None:
    use = known(torch.get_num_threads())
    assert tuple(cpp_kernels.operators().stream_from()) == (use.stream_fresh_bytes, use.stream_reused_bytes)


AVX2 = "fpu avx2 fma"
AVX512 = f"{AVX2} avx512f avx512bw avx512dq avx512vl"
BF16 = f"{AVX512} avx512_bf16"
HALF = f"{BF16} avx512_fp16"


def names(flags: str, machine: str = "x86_64", **asked: bool) -> list[str]:
    return [one.name for one in vector_variants.wanted(flags, machine, **asked)]


def test_the_widest_instructions_of_this_processor_are_compiled_and_what_they_stand_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPBENCH_VECTORS", raising=False)
    assert names(AVX2) == names(f"{AVX2} avx512f") == ["avx2"]
    assert names(AVX512) == names(f"{AVX512} avx512_fp16") == ["avx512"]
    assert names(BF16) == ["avx512", "avx512_bf16"]
    assert names(HALF) == ["avx512", "avx512_half"]
    assert names(HALF, half=False) == names(BF16, half=False) == ["avx512"]
    assert names("fpu sse2") == names("fpu avx2") == names(AVX512, "aarch64") == ["native"]


def test_where_every_set_is_asked_for_narrower_ones_are_compiled_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_VECTORS", "every")
    assert names(AVX2) == ["avx2"]
    assert names(AVX512) == names(HALF, half=False) == ["avx512", "avx2"]
    assert names(HALF) == ["avx512", "avx2", "avx512_bf16", "avx512_half"]


def test_a_wheel_serves_every_processor_that_has_avx2_and_none_other_is_shared() -> None:
    assert names(AVX2, wheel=True) == names(HALF, wheel=True) == ["avx512", "avx2", "avx512_bf16", "avx512_half"]
    assert names(AVX2, wheel=True, half=False) == ["avx512", "avx2"]
    assert vector_variants.one_for_all(AVX2, "x86_64")
    assert not vector_variants.one_for_all("", "aarch64")


def test_instructions_that_the_compiler_does_not_know_are_left_out() -> None:
    unknown, known_one = (
        vector_variants.Variant("unknown", ("-mno-such-instructions",)),
        vector_variants.Variant("any", ()),
    )
    assert vector_variants.compilable([unknown, known_one]) == (known_one,)


@pytest.mark.usefixtures("stores", "vectors")
@pytest.mark.parametrize("edge", [1, 7, 47])
def test_bfloat16_keeps_subnormal_products_wherever_several_channels_meet(edge: int) -> None:
    """Magnitudes about the least whose products are normal; in samples others between, zeros and subnormal numbers.

    Rows of products are made several at a time and by pieces; each piece asks once whether it may round unlooked.
    """
    x = random(60, 11, edge, edge, dtype=torch.float32)
    for sample in range(60):
        some = torch.Generator().manual_seed(sample)
        exponents = torch.randint(-66, -58, (11, 1, 1), generator=some)
        exponents[torch.randint(0, 11, (2,), generator=some)] = int(torch.randint(-140, 90, (1,), generator=some))
        x[sample] = torch.sign(x[sample]) * 2.0**exponents * (1 + torch.rand(11, edge, edge, generator=some))
        x[sample, :, torch.randint(0, edge, (1,), generator=some)] *= float(sample % 3 > 0)
    y = x.to(torch.bfloat16)
    assert torch.equal(cpp_kernels.forward(y), pairs(y.float()).to(torch.bfloat16))


@pytest.mark.usefixtures("stores", "vectors")
def test_bfloat16_keeps_a_single_subnormal_product_at_the_seam_of_two_pieces() -> None:
    """Streamed, rows stop at lines of their own: a piece begins where the one before ended, or up to a line earlier."""
    size, piece = 1031, 2048
    places = [size + piece * pieces + offset for pieces in (1, 2) for offset in range(-40, 3)]
    x = torch.full((len(places), 5, size), 1.5 * 2.0**-60)
    x.view(len(places), -1)[torch.arange(len(places)), places] = 1.5 * 2.0**-70
    y = x.to(torch.bfloat16)
    assert torch.equal(cpp_kernels.forward(y), pairs(y.float()).to(torch.bfloat16))


@pytest.mark.usefixtures("stores", "vectors")
def test_bfloat16_keeps_subnormal_products_of_subnormal_and_large_factors() -> None:
    x = torch.full((1, 7, 131), 4.0)
    x[0, 0, 77] = 2.0**-130
    y = x.to(torch.bfloat16)
    assert torch.equal(cpp_kernels.forward(y), pairs(y.float()).to(torch.bfloat16))
