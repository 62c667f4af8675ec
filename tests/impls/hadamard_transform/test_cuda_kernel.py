"""The CUDA kernel as NVRTC compiles it, executed without a GPU: right values, no access out of bounds, few sectors."""

from __future__ import annotations

import pytest
import torch

from impls.cross_hadamard.gpu import nvrtc
from impls.hadamard_transform.backend_entry import Call
from opbench import ptx
from opbench.errors import UsageError

from .subjects import DTYPES, TOLERANCE, defined, drawn, signs_of

pytestmark = pytest.mark.skipif(nvrtc.why_not() is not None, reason=str(nvrtc.why_not()))


@pytest.mark.parametrize(
    ("rows", "size", "dtype"),
    [
        *((3, 64, dtype) for dtype in DTYPES),
        *((5, size, torch.float32) for size in (1, 2, 16, 256, 512, 1024)),
        *((3, size, torch.float32) for size in (12, 40, 56, 28 * 64)),
        (0, 64, torch.float32),
        (1, 4096, torch.float32),
    ],
)
def test_its_values_are_those_of_the_matrix(rows: int, size: int, dtype: torch.dtype) -> None:
    from impls.hadamard_transform.gpu import cuda_kernel

    x, signs = drawn(rows, size, dtype=dtype), signs_of(size, dtype)
    with ptx.device():
        got = cuda_kernel.transform(Call(x, size, size**-0.5, before=signs))
    assert torch.allclose(got.double(), defined(x, signs), atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype])


def test_the_transpose_with_signs_behind_it_writes_over_x() -> None:
    from impls.hadamard_transform.gpu import cuda_kernel
    from impls.hadamard_transform.matrices import matrix_of

    x, signs = drawn(3, 48, dtype=torch.float32), signs_of(48, torch.float32)
    want = (x.double() @ matrix_of(48)) * signs.double()
    with ptx.device():
        assert cuda_kernel.transform(Call(x, 48, 1.0, after=signs, transposed=True, out=x)) is x
    assert torch.allclose(x.double(), want, atol=1e-4)


def test_global_memory_is_read_once_and_written_once_in_whole_sectors() -> None:
    from impls.hadamard_transform.gpu import cuda_kernel

    x = drawn(7, 256, dtype=torch.float32)
    with ptx.device() as device:
        cuda_kernel.transform(Call(x, 256, 1.0))
    counters = device.results[0].counters
    assert (counters.sectors_read, counters.sectors_written) == (7 * 256 * 4 // 32,) * 2


def test_a_block_that_shared_memory_cannot_hold_is_refused() -> None:
    from impls.hadamard_transform.gpu import cuda_kernel

    with pytest.raises(UsageError, match="takes blocks whose sums fit into 232448 bytes of shared memory, not 262144"):
        cuda_kernel.plan_of(Call(torch.empty(1, 1 << 15, dtype=torch.float64), 1 << 15, 1.0))
