"""Index maths inside a kernel: a pair's position, and the pair at a position. Exact for every n up to 100,000."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from impls.cross_hadamard.gpu.numba_kernels.language.target import at, device

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device


def flat_to_pair(p: int, n: int) -> tuple[int, int]:
    """(i, j) at position p, 0 <= p < n(n-1)/2.

    Counted from the end, where a triangle of r rows holds r(r+1)/2 pairs. The argument of the root stays below
    2^53, so it is exact in float64 and its rounded root is at most one row off.
    """
    left = n * (n - 1) // 2 - 1 - p
    rows = int((math.sqrt(8.0 * left + 1.0) - 1.0) * 0.5)
    if rows * (rows + 1) // 2 > left:
        rows -= 1
    elif (rows + 1) * (rows + 2) // 2 <= left:
        rows += 1
    i = n - 2 - rows
    return i, i + 1 + p - i * (2 * n - 1 - i) // 2


def before_row(i: int, n: int) -> int:
    """What is added to j for the position of (i, j), i < j < n: i(2n-i-1)/2 - i - 1."""
    return i * (2 * n - i - 1) // 2 - i - 1


pair_at = device(flat_to_pair)
row_base = device(before_row)


@cache
def channel_lookup(selected: bool) -> Device:
    """(index, b, i, n, channels) -> the channel of x at position i of sample b, -1 where the index has none such."""
    read = at("s64")

    def selected_channel(index: int, b: int, i: int, n: int, channels: int) -> int:
        c: int = read(index, b * n + i)
        if c < 0 or c >= channels:
            return -1
        return c

    def own_channel(_index: int, _b: int, i: int, _n: int, _channels: int) -> int:
        return i

    return device(selected_channel if selected else own_channel)
