"""The two published schedules: blocks of 32 x 32 elements of one map, a product map each or a column of the triangle.

They are here to be compared with, so they do what was published and nothing better: one element a thread, both
factors read for every product, no streaming stores. The strided loops are no-ops wherever the grid is large enough.
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.index import both, channel_at, pair_at, row_start
from impls.cross_hadamard.gpu.triton_kernels.language import kernel
from impls.cross_hadamard.gpu.triton_kernels.rounding import narrow, widen

SIDE = 32
"""Rows and columns of a block, as published."""
WARPS = 32
"""1024 threads, one for every element of a block."""


@kernel
def read_map(
    x: tl.tensor,
    index: tl.tensor,
    i: tl.tensor,
    n: tl.tensor,
    channels: tl.tensor,
    offsets: tl.tensor,
    inside: tl.tensor,
    size: tl.tensor,
    selected: tl.constexpr,
) -> tl.tensor:
    """Elements `offsets` of the map at position i; NaN where the index names no channel."""
    channel, exists = channel_at(index, i, n, channels, selected)
    return tl.load(x + channel * size + offsets, mask=both(inside, exists), other=float("nan"))


@kernel
def block_of(row: tl.tensor, column: tl.tensor, height: tl.tensor, width: tl.tensor, side: tl.constexpr) -> tl.tensor:
    """Offsets within a map of block (row, column), int64 (side, side), and which of them are inside it."""
    h = row * side + tl.arange(0, side).to(tl.int64)[:, None]
    w = column * side + tl.arange(0, side).to(tl.int64)[None, :]
    return h * width + w, (h < height) & (w < width)


@kernel
def direct(
    x: tl.tensor,
    index: tl.tensor,
    out: tl.tensor,
    items: int,
    channels: int,
    n: int,
    height: int,
    width: int,
    selected: tl.constexpr,
    wide: tl.constexpr,
    side: tl.constexpr,
) -> None:
    """Grid (B*P, ceil(H/side), ceil(W/side)): a program makes one of `items` = B*P maps, finding (i, j) from p."""
    channels, n = tl.cast(channels, tl.int64), tl.cast(n, tl.int64)
    height, width = tl.cast(height, tl.int64), tl.cast(width, tl.int64)
    size, pairs = height * width, n * (n - 1) // 2
    for item in range(tl.cast(tl.program_id(0), tl.int64), tl.cast(items, tl.int64), tl.num_programs(0)):
        batch = item // pairs
        i, j = pair_at(item - batch * pairs, n, tl.float64)
        x_of, index_of = x + batch * channels * size, index + batch * n
        for row in range(tl.program_id(1), tl.cdiv(height, side), tl.num_programs(1)):
            for column in range(tl.program_id(2), tl.cdiv(width, side), tl.num_programs(2)):
                offsets, inside = block_of(row, column, height, width, side)
                a = read_map(x_of, index_of, i, n, channels, offsets, inside, size, selected)
                b = read_map(x_of, index_of, j, n, channels, offsets, inside, size, selected)
                product = widen(a, wide) * widen(b, wide)
                tl.store(out + item * size + offsets, narrow(product, out.dtype.element_ty), mask=inside)


@kernel
def balanced(
    x: tl.tensor,
    index: tl.tensor,
    out: tl.tensor,
    items: int,
    channels: int,
    n: int,
    height: int,
    width: int,
    selected: tl.constexpr,
    wide: tl.constexpr,
    side: tl.constexpr,
) -> None:
    """Grid (B*n, ceil(H/side), ceil(W/side)): a program owns channel `own` of `items` = B*n and meets every other once.

    It takes the pair (other, own) when other < own and their distance is even, the pair (own, other) when
    other > own and their distance is odd: about n/2 products each.
    """
    channels, n = tl.cast(channels, tl.int64), tl.cast(n, tl.int64)
    height, width = tl.cast(height, tl.int64), tl.cast(width, tl.int64)
    size, pairs = height * width, n * (n - 1) // 2
    for item in range(tl.cast(tl.program_id(0), tl.int64), tl.cast(items, tl.int64), tl.num_programs(0)):
        batch, own = item // n, item % n
        x_of, index_of, out_of = x + batch * channels * size, index + batch * n, out + batch * pairs * size
        for row in range(tl.program_id(1), tl.cdiv(height, side), tl.num_programs(1)):
            for column in range(tl.program_id(2), tl.cdiv(width, side), tl.num_programs(2)):
                offsets, inside = block_of(row, column, height, width, side)
                a = read_map(x_of, index_of, own, n, channels, offsets, inside, size, selected)
                for other in range(n):
                    before = (other < own) & ((own - other) % 2 == 0)
                    after = (other > own) & ((other - own) % 2 == 1)
                    if before | after:
                        b = read_map(x_of, index_of, other, n, channels, offsets, inside, size, selected)
                        product = widen(a, wide) * widen(b, wide)
                        first, second = tl.minimum(own, other), tl.maximum(own, other)
                        p = row_start(first, n) + second - first - 1
                        tl.store(out_of + p * size + offsets, narrow(product, out.dtype.element_ty), mask=inside)
