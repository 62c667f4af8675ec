"""Our schedule for large maps: a program keeps `tile` channels i and `tile` channels j of one piece of the map.

It reads 2 * tile vectors and writes all their tile^2 products, so L2 serves a quarter of a value per product at
tile 8 instead of two, and what remains is writing the output. Only tile pairs I <= J exist. With a norm, the
output begins with a copy of x, and the same program finishes each product: alpha, norm, weight, bias.
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.index import both, channel_at, pair_at, row_start
from impls.cross_hadamard.gpu.triton_kernels.language import kernel
from impls.cross_hadamard.gpu.triton_kernels.norms import value
from impls.cross_hadamard.gpu.triton_kernels.rounding import narrow, widen


@kernel
def read_tile(
    x: tl.tensor,
    index: tl.tensor,
    first: tl.tensor,
    n: tl.tensor,
    channels: tl.tensor,
    size: tl.tensor,
    lanes: tl.tensor,
    inside: tl.tensor,
    selected: tl.constexpr,
    tile: tl.constexpr,
) -> tl.tensor:
    """A tuple of `tile` vectors, channels `first` and on; all loads are issued before anything waits for one."""
    read = ()
    for step in tl.static_range(tile):
        channel, exists = channel_at(index, first + step, n, channels, selected)
        vector = tl.load(x + channel * size + lanes, mask=both(inside, exists), other=float("nan"))
        read += (vector,)  # type: ignore[assignment]  # taken for a tuple that stays empty
    return read


@kernel
def read_factors(
    weight: tl.tensor, bias: tl.tensor, p: tl.tensor, first: tl.tensor, n: tl.tensor, tile: tl.constexpr
) -> tl.tensor:
    """Weight and bias of the pairs (i, first), (i, first + 1), ... from position p; 0 past the end of row i."""
    weights, biases = (), ()
    for step in tl.static_range(tile):
        exists = (first + step < n) & (p + step >= 0)
        one, other = (
            tl.load(weight + p + step, mask=exists, other=0.0),
            tl.load(bias + p + step, mask=exists, other=0.0),
        )
        weights += (one,)  # type: ignore[assignment]  # taken for a tuple that stays empty
        biases += (other,)  # type: ignore[assignment]  # the same
    return weights, biases


@kernel
def copy_channels(
    x: tl.tensor,
    out: tl.tensor,
    first: tl.tensor,
    channels: tl.tensor,
    size: tl.tensor,
    lanes: tl.tensor,
    inside: tl.tensor,
    rows: tl.constexpr,
) -> None:
    """The part of the output that is x itself: channels `first` to `first + rows`."""
    for step in tl.static_range(rows):
        exists = both(inside, first + step < channels)
        offsets = (first + step) * size + lanes
        tl.store(out + offsets, tl.load(x + offsets, mask=exists), mask=exists, cache_modifier=".cs")


@kernel
def write_products(
    x: tl.tensor,
    index: tl.tensor,
    alpha: tl.tensor,
    weight: tl.tensor,
    bias: tl.tensor,
    out: tl.tensor,
    tiles: tl.tensor,
    item: tl.tensor,
    channels: tl.tensor,
    n: tl.tensor,
    size: tl.tensor,
    lanes: tl.tensor,
    inside: tl.tensor,
    norm: tl.constexpr,
    selected: tl.constexpr,
    wide: tl.constexpr,
    tile: tl.constexpr,
) -> None:
    """All products of tile pair `item`; out points at the map of pair 0 of this sample."""
    row_tile, column_tile = pair_at(item, tiles + 1, tl.float64)  # I <= J of `tiles` is I < J + 1 of one more
    i_first, j_first = row_tile * tile, (column_tile - 1) * tile
    apart = i_first < j_first
    a = read_tile(x, index, i_first, n, channels, size, lanes, inside, selected, tile)
    b = read_tile(x, index, j_first, n, channels, size, lanes, inside, selected, tile)
    for di in tl.static_range(tile):
        p = row_start(i_first + di, n) + j_first - (i_first + di) - 1
        if norm != "none":
            scale = tl.load(alpha)
            weights, biases = read_factors(weight, bias, p, j_first, n, tile)
        for dj in tl.static_range(tile):
            product = widen(a[di], wide) * widen(b[dj], wide)
            if norm != "none":
                product = value(scale * product, norm) * weights[dj] + biases[dj]
            exists = j_first + dj < n
            if di >= dj:
                exists = exists & apart
            at = out + (p + dj) * size + lanes
            tl.store(at, narrow(product, out.dtype.element_ty), mask=both(inside, exists), cache_modifier=".cs")


@kernel
def blocked(
    x: tl.tensor,
    index: tl.tensor,
    alpha: tl.tensor,
    weight: tl.tensor,
    bias: tl.tensor,
    out: tl.tensor,
    tiles: int,
    items: int,
    copies: int,
    pieces: int,
    channels: int,
    n: int,
    groups: int,
    norm: tl.constexpr,
    selected: tl.constexpr,
    wide: tl.constexpr,
    tile: tl.constexpr,
    block: tl.constexpr,
    vector: tl.constexpr,
) -> None:
    """Grid B * items * pieces, pieces of the map innermost; items: tile pairs + copies.

    tiles: ceil(n / tile).
    copies: 0, or ceil(C / (2 tile)) programs that copy x, for a norm.
    pieces: ceil(S / block).
    groups: S / vector; the product is how the compiler knows what S is divisible by.
    """
    rest, piece = tl.program_id(0) // pieces, tl.cast(tl.program_id(0) % pieces, tl.int64)  # divided in 32 bits
    batch, item = tl.cast(rest // items, tl.int64), tl.cast(rest % items, tl.int64)
    channels, n, tiles = tl.cast(channels, tl.int64), tl.cast(n, tl.int64), tl.cast(tiles, tl.int64)
    size = tl.cast(groups, tl.int64) * vector
    lanes = piece * block + tl.arange(0, block)
    inside = lanes < size
    offset = 0
    if norm != "none":
        offset = channels
    x_of = x + batch * channels * size
    out_of = out + batch * (offset + n * (n - 1) // 2) * size
    if item < copies:
        copy_channels(x_of, out_of, item * 2 * tile, channels, size, lanes, inside, 2 * tile)
    else:
        write_products(
            x_of,
            index + batch * n,
            alpha,
            weight,
            bias,
            out_of + offset * size,
            tiles,
            item - copies,
            channels,
            n,
            size,
            lanes,
            inside,
            norm,
            selected,
            wide,
            tile,
        )
