"""Gradients without atomics: every element is the work of one program, summed in one order.

With d[i, j] the derivative of output p = (i, j) by the product z_i z_j, times its gradient, the gradient of z_i is
the sum over j of d[i, j] z_j. Two kernels make it. `columns` keeps all channels of a piece of the map and walks the
triangle once, so that the gradient is read from memory once. `owner` makes one position i a program: it reads the
gradient twice, but many more programs run, and it has no limit on n. `collect` then adds up the positions that a
channel was selected for.
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.index import both, channel_at, row_start
from impls.cross_hadamard.gpu.triton_kernels.language import kernel
from impls.cross_hadamard.gpu.triton_kernels.norms import slope, value
from impls.cross_hadamard.gpu.triton_kernels.rounding import narrow, widen


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
    grad_z: tl.tensor,
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
    """Grid B * pieces. rows: a power of two >= n. grad_z: (B, n, S). sums: (B * pieces, 3, P), with a norm."""
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
    x_of, index_of, grad_z_of = x + batch * channels * size, index + batch * n, grad_z + batch * n * size

    z = read_rows(x_of, index_of, r, n, channels, size, lanes, inside, selected, wide)
    earlier = tl.zeros_like(z)  # what pairs (i, r) with i < r have added to the gradient of z_r so far
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
        total = tl.sum(tl.where(valid, d * z, tl.where(r == i, earlier, 0.0)), axis=0, keep_dims=True)
        earlier = tl.where(valid, earlier + d * own, earlier)
        tl.store(grad_z_of + i * size + lanes, narrow(total, grad_z.dtype.element_ty), mask=inside)


@kernel
def owner(
    grad: tl.tensor,
    x: tl.tensor,
    index: tl.tensor,
    alpha: tl.tensor,
    weight: tl.tensor,
    grad_z: tl.tensor,
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
    """Grid B * n * pieces. rows: partners j taken at a time. grad_z and sums as for `columns`."""
    piece, rest = tl.cast(tl.program_id(0) % pieces, tl.int64), tl.program_id(0) // pieces  # divided in 32 bits
    batch, i = tl.cast(rest // n, tl.int64), tl.cast(rest % n, tl.int64)
    channels, n = tl.cast(channels, tl.int64), tl.cast(n, tl.int64)
    size, pairs = tl.cast(groups, tl.int64) * vector, n * (n - 1) // 2
    lanes = piece * block + tl.arange(0, block)[None, :]
    inside = lanes < size
    skipped, scale = 0, 1.0
    if norm != "none":
        skipped, scale = channels, tl.load(alpha)
    grad_of = grad + (batch * (skipped + pairs) + skipped) * size
    x_of, index_of = x + batch * channels * size, index + batch * n

    own = read_row(x_of, index_of, i, n, channels, size, lanes, inside, selected, wide)
    total = tl.zeros((rows, block), wide)
    for first in range(0, n, rows):
        r = first + tl.arange(0, rows).to(tl.int64)[:, None]
        valid = (r != i) & (r < n)
        p = tl.where(r < i, row_start(r, n) + i - r - 1, row_start(i, n) + r - i - 1)
        z = read_rows(x_of, index_of, r, n, channels, size, lanes, inside, selected, wide)
        g = widen(tl.load(grad_of + p * size + lanes, mask=valid & inside, other=0.0), wide)
        product = own * z
        factor = 1.0
        if norm != "none":
            factor = tl.load(weight + p, mask=valid, other=0.0)
            sums_of = sums + (batch * pieces + piece) * 3 * pairs
            write_sums(sums_of, g, product, scale, factor, p, valid & (r > i), inside, pairs, norm)
        d = derivative(g, product, scale, factor, norm)
        total = tl.where(valid, total + d * z, total)
    result = narrow(tl.sum(total, axis=0, keep_dims=True), grad_z.dtype.element_ty)
    tl.store(grad_z + (batch * n + i) * size + lanes, result, mask=inside)


@kernel
def collect(
    grad: tl.tensor,
    index: tl.tensor,
    grad_z: tl.tensor,
    grad_x: tl.tensor,
    pieces: int,
    channels: int,
    n: int,
    groups: int,
    norm: tl.constexpr,
    wide: tl.constexpr,
    rows: tl.constexpr,
    block: tl.constexpr,
    vector: tl.constexpr,
) -> None:
    """Grid B * C * pieces: a channel's gradient is the sum over the positions it was selected for, `rows` at a time.

    With a norm the output began with x itself, so the gradient of that part is added.
    """
    piece, rest = tl.cast(tl.program_id(0) % pieces, tl.int64), tl.program_id(0) // pieces
    batch, channel = tl.cast(rest // channels, tl.int64), tl.cast(rest % channels, tl.int64)
    channels, n = tl.cast(channels, tl.int64), tl.cast(n, tl.int64)
    size, pairs = tl.cast(groups, tl.int64) * vector, n * (n - 1) // 2
    lanes = piece * block + tl.arange(0, block)[None, :]
    inside = lanes < size
    total = tl.zeros((rows, block), wide)
    for first in range(0, n, rows):
        r = first + tl.arange(0, rows).to(tl.int64)[:, None]
        chosen = tl.load(index + batch * n + r, mask=r < n, other=-1) == channel
        total += tl.load(grad_z + (batch * n + r) * size + lanes, mask=chosen & inside, other=0.0)
    result = tl.sum(total, axis=0, keep_dims=True)
    if norm != "none":
        through = grad + (batch * (channels + pairs) + channel) * size + lanes
        result += widen(tl.load(through, mask=inside, other=0.0), wide)
    tl.store(grad_x + (batch * channels + channel) * size + lanes, narrow(result, grad_x.dtype.element_ty), mask=inside)
