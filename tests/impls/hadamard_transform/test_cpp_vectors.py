"""Every set of vector instructions that the C++ kernels are compiled for, with stores through and around the caches."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache

import pytest
import torch
from torch import Tensor

from impls.hadamard_transform import cpp_kernels
from impls.hadamard_transform.backend_entry import Call
from impls.native import build

from ...rows import rows
from ..cpp_ways import stores_of, vectors_of
from .subjects import DTYPES, TOLERANCE, defined, drawn, hadamard_transform, signs_of

pytestmark = pytest.mark.compiler


vectors, stores = vectors_of(cpp_kernels), stores_of(cpp_kernels)


@cache
def given(size: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Three rows, signs, and the transform by its matrix, once for all instructions: its largest has 128 MB."""
    x, signs = drawn(3, size, dtype=dtype), signs_of(size, dtype)
    return x, signs, defined(x, signs)


@pytest.mark.usefixtures("stores", "vectors")
@rows("dtype", DTYPES)
@rows("size", [2, 8, 16, 64, 128, 512, 1024, 4096, 24, 192, 320, 448])
def test_values_are_those_of_the_matrix_wherever_memory_begins(size: int, dtype: torch.dtype) -> None:
    x, signs, want = given(size, dtype)
    for offset in (0, 1, 8):
        around = torch.full((x.numel() + offset + 32,), float("nan"), dtype=dtype)
        out = around[offset : offset + x.numel()].view(x.shape)
        hadamard_transform(x, signs, backend="cpp_ext", out=out)
        assert torch.allclose(out.double(), want, atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype])
        assert around[:offset].isnan().all()
        assert around[offset + x.numel() :].isnan().all()


@pytest.mark.usefixtures("stores", "vectors")
@rows("dtype", [torch.bfloat16, torch.float16])
@rows("size", [2, 16, 32, 64, 256, 512, 4096, 12 * 16, 12 * 64, 28 * 32])
def test_sixteen_bits_are_the_sums_of_float32_rounded_once(size: int, dtype: torch.dtype) -> None:
    """To the bit: in whatever registers numbers lie, they are added in one order."""
    x, signs = drawn(3, size, dtype=dtype), signs_of(size, dtype)
    after = signs.flip(0)
    wide = Call(x.float(), size, size**-0.5, before=signs.float(), after=after.float())
    want = cpp_kernels.transform(wide).to(dtype)
    assert torch.equal(cpp_kernels.transform(Call(x, size, size**-0.5, before=signs, after=after)), want)


@pytest.mark.skipif(shutil.which("objdump") is None, reason="no objdump to read machine code by")
def test_the_next_block_is_asked_for_before_it_is_read() -> None:
    """A compiler may drop what has no result: without it 1,024 elements from memory took 1.6 to 2.8 times as long."""
    library = build(cpp_kernels.NAME, cpp_kernels.SOURCES, cpp_kernels.IN_VARIANTS)
    read = subprocess.run(["objdump", "-d", "--no-show-raw-insn", library], capture_output=True, text=True, check=True)
    assert re.search(r"\b(prefetch|prfm)", read.stdout)


@pytest.mark.usefixtures("vectors")
def test_a_result_is_rounded_once() -> None:
    """Sums of small integers are exact, so what is rounded is the last step alone."""
    x = torch.randint(-8, 9, (3, 1024), generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    want = defined(x, block=1024) * 32
    got = hadamard_transform(x, scale=1.0, backend="cpp_ext")
    assert torch.equal(got, want.round().to(torch.bfloat16))


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize(("dtype", "least"), [(torch.bfloat16, 2.0**-133), (torch.float16, 2.0**-24)])
def test_subnormal_results_and_nan_are_kept(dtype: torch.dtype, least: float) -> None:
    """An instruction that rounds takes them for zero."""
    whole = torch.randint(-1, 2, (3, 64), generator=torch.Generator().manual_seed(0)).double()
    want = defined(whole, block=64) * 8 * least
    assert want.abs().max() < 128 * least
    x = (whole * least).to(dtype)
    assert torch.equal(hadamard_transform(x, scale=1.0, backend="cpp_ext").double(), want)
    x[1, 5] = float("nan")
    found = hadamard_transform(x, scale=1.0, backend="cpp_ext")
    assert found.isnan().tolist() == [[row == 1] * 64 for row in range(3)]


def test_the_largest_size_takes_three_passes_and_is_right() -> None:
    x = drawn(2, 1 << 15, dtype=torch.float32)
    got = hadamard_transform(x, backend="cpp_ext")
    want = hadamard_transform(x.double(), backend="torch_factors")
    torch.testing.assert_close(got.double(), want, atol=4e-6, rtol=2e-6)
