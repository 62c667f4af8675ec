"""The Triton kernels: under the interpreter here, on the device where there is one, and as compiled for one."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

import impls.hadamard_transform
import opbench.ptx.instructions
from impls.hadamard_transform.backend_entry import Call
from impls.hadamard_transform.matrices import matrix_of
from opbench.errors import UsageError

from ...compiled import release, remembered
from ..on_ptx import checked_on_ptx
from .subjects import DTYPES, TOLERANCE, defined, drawn, signs_of

pytest.importorskip("triton", reason="triton is not installed")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(params=["triton_kernel", "triton_mma"])
def kernel(request: pytest.FixtureRequest) -> Any:
    return import_module(f"impls.hadamard_transform.gpu.{request.param}")


@pytest.mark.parametrize(
    ("rows", "size", "dtype"),
    [
        *((3, 64, dtype) for dtype in DTYPES),
        *((2, 256, dtype) for dtype in DTYPES),
        *((5, size, torch.float32) for size in (1, 2, 16, 2048, 12, 20, 56)),
        (3, 12 * 16, torch.bfloat16),
        (1, 512, torch.float16),
        (1, 4096, torch.bfloat16),
        (0, 64, torch.float32),
    ],
)
def test_its_values_are_those_of_the_matrix(kernel: Any, rows: int, size: int, dtype: torch.dtype) -> None:
    x, signs = drawn(rows, size, dtype=dtype), signs_of(size, dtype)
    got = kernel.transform(Call(x.to(DEVICE), size, size**-0.5, before=signs.to(DEVICE))).cpu()
    assert torch.allclose(got.double(), defined(x, signs), atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype])


def test_the_transpose_with_signs_behind_it_writes_over_x(kernel: Any) -> None:
    x, signs = drawn(3, 48, dtype=torch.float32), signs_of(48, torch.float32)
    want = (x.double() @ matrix_of(48)) * signs.double()
    there = x.to(DEVICE)
    call = Call(there, 48, 1.0, after=signs.to(DEVICE), transposed=True, out=there)
    assert kernel.transform(call) is there
    assert torch.allclose(there.cpu().double(), want, atol=1e-4)


def test_sums_beyond_float16_on_the_way_are_no_infinity(kernel: Any) -> None:
    """Sixteen times 60,000 in between, and 60,000 at the end."""
    x = torch.zeros(1, 256, dtype=torch.float16)
    x[:, ::16] = 60_000.0
    got = kernel.transform(Call(x.to(DEVICE), 256, 1 / 16)).cpu()
    assert torch.equal(got.double(), defined(x).to(torch.float16).double())
    assert got.max() == torch.tensor(60_000.0, dtype=torch.float16)


def test_nan_and_infinity_spread_over_their_block_alone(kernel: Any) -> None:
    x = drawn(3, 512, dtype=torch.float32)
    x[0, 5], x[1, 300] = float("nan"), float("inf")
    got = kernel.transform(Call(x.to(DEVICE), 256, 1.0)).cpu().view(3, 2, 256)
    assert got.isfinite().all(-1).tolist() == [[False, True], [True, False], [True, True]]
    assert not got.isfinite().any(-1)[0, 0]
    assert not got.isfinite().any(-1)[1, 1]


def test_a_block_that_no_program_holds_is_refused() -> None:
    from impls.hadamard_transform.gpu import triton_kernel, triton_mma

    large = torch.ones(1, 1 << 15, device=DEVICE)
    with pytest.raises(UsageError, match="takes blocks of up to 16384 sums, not 32768"):
        triton_kernel.transform(Call(large, 1 << 15, 1.0))
    with pytest.raises(UsageError, match="takes blocks of up to 8192 sums, not 32768"):
        triton_mma.transform(Call(large.double(), 1 << 15, 1.0))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_between_products_no_more_is_rounded_than_by_butterflies(dtype: torch.dtype) -> None:
    """Of sums of small integers 16 bits are kept, so that they are exact, and the end rounds once."""
    from impls.hadamard_transform.gpu import triton_kernel, triton_mma

    x = torch.randint(-8, 9, (3, 1024), generator=torch.Generator().manual_seed(0)).to(DEVICE, dtype)
    call = Call(x, 1024, 1.0)
    assert torch.equal(triton_mma.transform(call), triton_kernel.transform(call))


def test_compiled_for_a_gpu_products_are_right_on_the_ptx_machine() -> None:
    """By `mma.sync` of bfloat16, float16 and float64; no race, nothing unwritten, nothing out of bounds."""
    sources = Path(impls.hadamard_transform.__file__).parent
    machine = Path(opbench.ptx.instructions.__file__).with_name("products.py").read_text(encoding="utf-8")
    told = remembered(["hadamard mma", release("triton"), machine], sources, checked)
    assert re.search(r"8 points simulated: triton_mma 8 passed", told)


def checked() -> str:
    words = ("--rows", "3", "--size", "192,512", "--signs", "true", "--mode", "forward")
    return checked_on_ptx("hadamard_transform", "triton_mma", *words, "--dtype", "float32,float16,bfloat16,float64")
