"""The launch shim itself: barriers that hold, errors instead of hangs, memory that is watched, exact conversions.

And the device functions that can be called one by one: index maths and division, exact over their whole range.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

pytestmark = pytest.mark.compiler


@pytest.fixture(scope="module", autouse=True)
def _built_once() -> None:
    """Kernels that do not compile are one failed build here, not one for every test."""
    from impls.cross_hadamard.gpu.host_kernels import operators

    operators()


def check(name: str, data: torch.Tensor) -> torch.Tensor:
    from impls.cross_hadamard.gpu.host_kernels import operators

    operation: Any = operators().selftest
    found: torch.Tensor = operation(name, data)
    return found


def test_a_barrier_lets_no_thread_past_before_all_have_come() -> None:
    assert check("neighbours", torch.zeros(8, dtype=torch.int64)).tolist() == [1, 2, 3, 4, 5, 6, 7, 0]


@pytest.mark.parametrize("name", ["some_leave", "two_barriers"])
def test_a_barrier_that_not_all_threads_reach_is_an_error_and_no_hang(name: str) -> None:
    with pytest.raises(RuntimeError, match=r"diverged barrier in block \(0, 0, 0\)"):
        check(name, torch.zeros(8, dtype=torch.int64))
    assert check("neighbours", torch.zeros(8, dtype=torch.int64))[7] == 0  # and the next launch is as good as new


def test_a_barrier_in_a_kernel_planned_without_one_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="without shared memory"):
        check("barrier_without_shared", torch.zeros(8, dtype=torch.int64))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("past_the_end", r"thread \(7, 0, 0\) of block \(0, 0, 0\) writes 8 bytes outside the buffers"),
        ("before_the_start", r"thread \(0, 0, 0\) of block .* reads 8 bytes outside the buffers"),
        ("past_shared", "wrote past its 64 bytes of shared memory"),
        ("unaligned", "writes 16 bytes at an address that is not a multiple of it"),
    ],
)
def test_memory_errors_name_the_thread(name: str, says: str) -> None:
    guarded = torch.full((24,), -1, dtype=torch.int64)
    with pytest.raises((RuntimeError, IndexError), match=says):
        check(name, guarded[8:16])
    assert (guarded[:8] == -1).all()
    assert (guarded[16:] == -1).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sixteen_bit_values_round_as_torch_rounds_them(dtype: torch.dtype) -> None:
    every = torch.arange(-(1 << 15), 1 << 15).to(torch.int16).view(dtype).float()
    bits = every.view(torch.int32).to(torch.int64)
    near = [bits + step for step in (-1, 1, 0x7FFF, 0x8000, 0x8001, 0xFFF, 0x1000, 0x1001)]  # beside and between them
    values = torch.cat([bits, *near]).clamp(-(1 << 31), (1 << 31) - 1).to(torch.int32).view(torch.float32)
    expected = values.to(dtype).float()
    name = "half" if dtype == torch.float16 else "bfloat16"
    torch.testing.assert_close(check(name, values), expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("n", [2, 3, 5, 64, 2047, 2048, 2049, 46341, 65535, 65536, 65537, 100_000])
def test_direct_indexing_is_exact_at_the_rows_ends_and_between(n: int) -> None:
    chance = random.Random(n)
    rows = {*range(min(n - 1, 50)), *range(max(0, n - 50), n - 1), *(chance.randrange(n - 1) for _ in range(2000))}
    expected = []
    for i in sorted(rows):
        start, count = i * (2 * n - i - 1) // 2, n - 1 - i
        expected += [(start + at, i, i + 1 + at) for at in {0, count - 1, chance.randrange(count)}]
    data = torch.tensor([(p, n) for p, _, _ in expected])
    assert check("pairs", data).tolist() == [[i, j] for _, i, j in expected]


@pytest.mark.parametrize("group", [1, 2, 3, 4])
@pytest.mark.parametrize("columns", [1, 2, 5, 12, 13])
def test_tile_pairs_cover_every_column_with_the_rows_before_it_once(group: int, columns: int) -> None:
    expected = [(row, column) for column in range(columns) for row in range(column // group + 1)]
    data = torch.tensor([(t, group) for t in range(len(expected))])
    assert sorted(map(tuple, check("tile_pairs", data).tolist())) == sorted(expected)


def test_division_by_multiplication_is_exact_below_two_to_the_31() -> None:
    chance = random.Random(7)
    divisors = [*range(1, 300), 3136, 50176, 65535, 65536, (1 << 30) - 1, (1 << 31) - 1, 1 << 30]
    rows = []
    for d in divisors:
        top = ((1 << 31) - 1) // d
        for q in {0, 1, top - 1, top, *(chance.randrange(top + 1) for _ in range(20))}:
            rows += [(a, d) for a in (q * d - 1, q * d, q * d + d - 1) if 0 <= a < 1 << 31]
    actual = check("quotients", torch.tensor(rows))
    assert actual.tolist() == [[a // d, a // d] for a, d in rows]
