"""Gradients without atomics: every element is the work of one program, summed in one order.

With d[i, j] the derivative of output p = (i, j) by the product z_i z_j, times its gradient, the gradient of z_i is
the sum over j of d[i, j] z_j. Two kernels make it. `columns` keeps all positions of a piece of the map and walks the
triangle once, so that the gradient is read from memory once. `owner` makes one channel a program, and walks the pairs
of the positions that it was selected for: it reads the gradient twice, but many more programs run, and it has no limit
on n. In both a channel's positions are added up where their sums are, in registers.
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.index import both, channel_at, row_start
from impls.cross_hadamard.gpu.triton_kernels.language import kernel
from impls.cross_hadamard.gpu.triton_kernels.norms import slope, value
from impls.cross_hadamard.gpu.triton_kernels.rounding import narrow, widen

LOOKED = tl.constexpr(128)
"""Positions whose channel `owner` looks up at once. A lane holds four of them at most."""


@kernel
def read_rows(
    x: tl.tensor,
    index: tl.tensor,
    rows: tl.tensor,
    n: tl.tensor,
    channels: tl.tensor,
    size: tl.tensor,
    lanes: tl.tensor,
    inside: tl.tensor,
    selected: tl.constexpr,
    wide: tl.constexpr,
) -> tl.tensor:
    """Positions `rows` (rows, 1) of piece `lanes` (1, block), widened; NaN where there is no channel."""
    channel, exists = channel_at(index, rows, n, channels, selected)
    return widen(tl.load(x + channel * size + lanes, mask=exists & inside, other=float("nan")), wide)


@kernel
def read_row(
    x: tl.tensor,
    index: tl.tensor,
    i: tl.tensor,
    n: tl.tensor,
    channels: tl.tensor,
    size: tl.tensor,
    lanes: tl.tensor,
    inside: tl.tensor,
    selected: tl.constexpr,
    wide: tl.constexpr,
) -> tl.tensor:
    """As `read_rows` for the one position i, whose channel is looked up once and not by every lane."""
    channel, exists = channel_at(index, i, n, channels, selected)
    return widen(tl.load(x + channel * size + lanes, mask=both(inside, exists), other=float("nan")), wide)


@kernel
def derivative(g: tl.tensor, product: tl.tensor, scale: tl.tensor, factor: tl.tensor, norm: tl.constexpr) -> tl.tensor:
    """The gradient by the product: g, or with a norm g * weight * f'(alpha product) * alpha."""
    result = g
    if norm != "none":
        result = g * factor * slope(scale * product, norm) * scale
    return result


@kernel
def read_map(of: tl.tensor, lanes: tl.tensor, inside: tl.tensor, wide: tl.constexpr) -> tl.tensor:
    """Piece `lanes` of the map that `of` points at, widened; 0 elsewhere."""
    return widen(tl.load(of + lanes, mask=inside, other=0.0), wide)


@kernel
def write_sums(
    sums: tl.tensor,
    g: tl.tensor,
    product: tl.tensor,
    scale: tl.tensor,
    factor: tl.tensor,
    p: tl.tensor,
    valid: tl.tensor,
    inside: tl.tensor,
    pairs: tl.tensor,
    norm: tl.constexpr,
) -> None:
    """Over this piece: g f(u), g and g weight f'(u) product for each of the pairs p (rows, 1) that is valid."""
    u = scale * product
    own = g * factor * slope(u, norm) * product
    there = valid & inside
    by_weight = tl.sum(tl.where(there, g * value(u, norm), 0.0), axis=1, keep_dims=True)
    by_bias = tl.sum(tl.where(there, g, 0.0), axis=1, keep_dims=True)
    by_alpha = tl.sum(tl.where(there, own, 0.0), axis=1, keep_dims=True)
    tl.store(sums + p, by_weight, mask=valid)
    tl.store(sums + pairs + p, by_bias, mask=valid)
    tl.store(sums + 2 * pairs + p, by_alpha, mask=valid)


@kernel
def columns(
    grad: tl.tensor,
    x: tl.tensor,
    index: tl.tensor,
    alpha: tl.tensor,
    weight: tl.tensor,
    grad_x: tl.tensor,
    sums: tl.tensor,
    pieces: int,
    channels: int,
    n: int,
    groups: int,
    norm: tl.constexpr,
    selected: tl.constexpr,
    wide: tl.constexpr,
    rows: tl.constexpr,
    block: tl.constexpr,
    vector: tl.constexpr,
) -> None:
    """Grid B * pieces. rows: a power of two >= n. grad_x: (B, C, S). sums: (B * pieces, 3, P), with a norm."""
    channels, n = tl.cast(channels, tl.int64), tl.cast(n, tl.int64)
    size, pairs = tl.cast(groups, tl.int64) * vector, n * (n - 1) // 2
    program = tl.cast(tl.program_id(0), tl.int64)
    batch, piece = program // pieces, program % pieces
    lanes = piece * block + tl.arange(0, block)[None, :]
    inside = lanes < size
    r = tl.arange(0, rows).to(tl.int64)[:, None]
    skipped, scale = 0, 1.0
    if norm != "none":
        skipped, scale = channels, tl.load(alpha)
    grad_of = grad + (batch * (skipped + pairs) + skipped) * size
    x_of, index_of, grad_x_of = x + batch * channels * size, index + batch * n, grad_x + batch * channels * size

    z = read_rows(x_of, index_of, r, n, channels, size, lanes, inside, selected, wide)
    sum_of = tl.zeros_like(z)  # the gradient of z_r where r <= i; of the others what pairs with i or less have added
    for i in range(n):
        valid = (r > i) & (r < n)
        p = row_start(i, n) + r - i - 1
        own = read_row(x_of, index_of, i, n, channels, size, lanes, inside, selected, wide)
        g = widen(tl.load(grad_of + p * size + lanes, mask=valid & inside, other=0.0), wide)
        product = own * z
        factor = 1.0
        if norm != "none":
            factor = tl.load(weight + p, mask=valid, other=0.0)
            write_sums(sums + program * 3 * pairs, g, product, scale, factor, p, valid, inside, pairs, norm)
        d = derivative(g, product, scale, factor, norm)
        total = tl.sum(tl.where(valid, d * z, tl.where(r == i, sum_of, 0.0)), axis=0, keep_dims=True)
        sum_of = tl.where(valid, sum_of + d * own, sum_of)
        if selected:
            sum_of = tl.where(r == i, total, sum_of)
        else:
            tl.store(grad_x_of + i * size + lanes, narrow(total, grad_x.dtype.element_ty), mask=inside)
    if selected:
        theirs = tl.load(index_of + r, mask=r < n, other=-1)
        for c in range(channels):
            result = tl.sum(tl.where(theirs == c, sum_of, 0.0), axis=0, keep_dims=True)
            if norm != "none":
                result += read_map(grad_of - (channels - c) * size, lanes, inside, wide)
            tl.store(grad_x_of + c * size + lanes, narrow(result, grad_x.dtype.element_ty), mask=inside)


@kernel
def add_position(
    total: tl.tensor,
    own: tl.tensor,
    i: tl.tensor,
    grad: tl.tensor,
    x: tl.tensor,
    index: tl.tensor,
    weight: tl.tensor,
    sums: tl.tensor,
    scale: tl.tensor,
    channels: tl.tensor,
    n: tl.tensor,
    size: tl.tensor,
    lanes: tl.tensor,
    inside: tl.tensor,
    norm: tl.constexpr,
    selected: tl.constexpr,
    wide: tl.constexpr,
    rows: tl.constexpr,
) -> tl.tensor:
    """`total` (rows, block) and what the pairs of position i, whose map is `own` (1, block), add to its gradient."""
    pairs = n * (n - 1) // 2
    for first in range(0, n, rows):
        r = first + tl.arange(0, rows).to(tl.int64)[:, None]
        valid = (r != i) & (r < n)
        p = tl.where(r < i, row_start(r, n) + i - r - 1, row_start(i, n) + r - i - 1)
        z = read_rows(x, index, r, n, channels, size, lanes, inside, selected, wide)
        g = widen(tl.load(grad + p * size + lanes, mask=valid & inside, other=0.0), wide)
        product = own * z
        factor = 1.0
        if norm != "none":
            factor = tl.load(weight + p, mask=valid, other=0.0)
            write_sums(sums, g, product, scale, factor, p, valid & (r > i), inside, pairs, norm)
        d = derivative(g, product, scale, factor, norm)
        total = tl.where(valid, total + d * z, total)
    return total


@kernel
def owner(
    grad: tl.tensor,
    x: tl.tensor,
    index: tl.tensor,
    alpha: tl.tensor,
    weight: tl.tensor,
    grad_x: tl.tensor,
    sums: tl.tensor,
    pieces: int,
    channels: int,
    n: int,
    groups: int,
    norm: tl.constexpr,
    selected: tl.constexpr,
    wide: tl.constexpr,
    rows: tl.constexpr,
    block: tl.constexpr,
    vector: tl.constexpr,
) -> None:
    """Grid B * C * pieces. rows: partners j taken at a time. grad_x and sums as for `columns`.

    With a norm B * (C + 1) * pieces: one more channel, for the sums of positions without one.
    """
    owners = channels
    if norm != "none":
        owners = channels + 1
    piece, rest = tl.cast(tl.program_id(0) % pieces, tl.int64), tl.program_id(0) // pieces  # divided in 32 bits
    batch, c = tl.cast(rest // owners, tl.int64), tl.cast(rest % owners, tl.int64)
    channels, n = tl.cast(channels, tl.int64), tl.cast(n, tl.int64)
    size, pairs = tl.cast(groups, tl.int64) * vector, n * (n - 1) // 2
    lanes = piece * block + tl.arange(0, block)[None, :]
    inside = lanes < size
    skipped, scale = 0, 1.0
    if norm != "none":
        skipped, scale = channels, tl.load(alpha)
    grad_of = grad + (batch * (skipped + pairs) + skipped) * size
    x_of, index_of = x + batch * channels * size, index + batch * n
    sums_of = sums + (batch * pieces + piece) * 3 * pairs

    once = both(inside, c < channels) & (tl.arange(0, rows)[:, None] == 0)  # or every warp would read it
    own = tl.sum(read_map(x_of + c * size, lanes, once, wide), axis=0, keep_dims=True)
    own = tl.where(c < channels, own, float("nan"))
    total = tl.zeros((rows, block), wide)
    if selected:
        for first in range(0, n, LOOKED):
            r = first + tl.arange(0, LOOKED).to(tl.int64)
            theirs, exists = channel_at(index_of, r, n, channels, True)
            mine = (tl.where(exists, theirs, channels) == c) & (r < n)
            i = first - 1 + tl.zeros_like(n)
            for _ in range(tl.sum(mine.to(tl.int32), axis=0)):
                i = tl.min(tl.where(mine & (r > i), r, n), axis=0)
                total = add_position(
                    total, own, i, grad_of, x_of, index_of, weight, sums_of, scale, channels, n, size, lanes,
                    inside, norm, selected, wide, rows,
                )  # fmt: skip
    else:
        total = add_position(
            total, own, c, grad_of, x_of, index_of, weight, sums_of, scale, channels, n, size, lanes,
            inside, norm, selected, wide, rows,
        )  # fmt: skip
    if norm != "none":
        total += read_map(grad_of - (channels - c) * size, lanes, once, wide)
    result = narrow(tl.sum(total, axis=0, keep_dims=True), grad_x.dtype.element_ty)
    tl.store(grad_x + (batch * channels + c) * size + lanes, result, mask=both(inside, c < channels))
