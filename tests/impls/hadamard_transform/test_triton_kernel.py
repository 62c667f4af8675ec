"""The Triton kernel: under its interpreter here, on the device where there is one."""

from __future__ import annotations

import pytest
import torch

from impls.hadamard_transform.backend_entry import Call
from opbench.errors import UsageError

from .subjects import DTYPES, TOLERANCE, defined, drawn, signs_of

pytest.importorskip("triton", reason="triton is not installed")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize(
    ("rows", "size", "dtype"),
    [
        *((3, 64, dtype) for dtype in DTYPES),
        *((5, size, torch.float32) for size in (1, 2, 16, 256, 2048, 12, 20, 56)),
        (0, 64, torch.float32),
    ],
)
def test_its_values_are_those_of_the_matrix(rows: int, size: int, dtype: torch.dtype) -> None:
    from impls.hadamard_transform.gpu import triton_kernel

    x, signs = drawn(rows, size, dtype=dtype), signs_of(size, dtype)
    got = triton_kernel.transform(Call(x.to(DEVICE), size, size**-0.5, before=signs.to(DEVICE))).cpu()
    assert torch.allclose(got.double(), defined(x, signs), atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype])


def test_the_transpose_with_signs_behind_it_writes_over_x() -> None:
    from impls.hadamard_transform.gpu import triton_kernel
    from impls.hadamard_transform.matrices import matrix_of

    x, signs = drawn(3, 48, dtype=torch.float32), signs_of(48, torch.float32)
    want = (x.double() @ matrix_of(48)) * signs.double()
    there = x.to(DEVICE)
    call = Call(there, 48, 1.0, after=signs.to(DEVICE), transposed=True, out=there)
    assert triton_kernel.transform(call) is there
    assert torch.allclose(there.cpu().double(), want, atol=1e-4)


def test_a_block_that_no_program_holds_is_refused() -> None:
    from impls.hadamard_transform.gpu import triton_kernel

    with pytest.raises(UsageError, match="takes blocks of up to 16384 sums, not 32768"):
        triton_kernel.transform(Call(torch.ones(1, 1 << 15, device=DEVICE), 1 << 15, 1.0))
