"""The bottlenecks' kernels: expansion, depthwise convolution and Hardswish in one pass over narrow channels-last maps.

What is expanded is made element by element where a window sees it and is never stored. So it is made as often as
windows see it: once at kernel 2 and stride 2, k * k times at stride 1.
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.index import pair_at
from impls.cross_hadamard.gpu.triton_kernels.language import kernel
from impls.cross_hadamard.gpu.triton_kernels.norms import value
from impls.cross_hadamard.gpu.triton_kernels.rounding import narrow, widen


@kernel
def hard_swish(v: tl.tensor) -> tl.tensor:
    """v * min(max(v + 3, 0), 6) / 6; NaN stays."""
    return v * tl.minimum(tl.maximum(v + 3.0, 0.0), 6.0) / 6.0


@kernel
def tile_of(pieces: int, groups: int, rows: tl.constexpr, columns: tl.constexpr) -> tuple[tl.tensor, ...]:
    """The program's sample, its output pixels (rows,) and its expanded channels (columns,)."""
    program = tl.program_id(0).to(tl.int64)
    group, piece, sample = program % groups, program // groups % pieces, program // groups // pieces
    pixel = (piece * rows + tl.arange(0, rows)).to(tl.int32)
    return sample, pixel, (group * columns + tl.arange(0, columns)).to(tl.int32)


@kernel
def pixels_at(
    pixel: tl.tensor, at: int, size: int, width: int, height: int, out_width: int, stride: int, before: int
) -> tuple[tl.tensor, ...]:
    """Row and column that element `at` of the kernel (size, size) sees from these outputs, and whether they exist."""
    row = pixel // out_width * stride - before + at // size
    column = pixel % out_width * stride - before + at % size
    return row, column, (row >= 0) & (row < height) & (column >= 0) & (column < width)


@kernel
def filtered_pairs(
    mixed: tl.tensor,
    index: tl.tensor,
    alpha: tl.tensor,
    scale: tl.tensor,
    shift: tl.tensor,
    taps: tl.tensor,
    bias: tl.tensor,
    out: tl.tensor,
    channels: int,
    selected: int,
    expanded: int,
    height: int,
    width: int,
    out_height: int,
    out_width: int,
    size: int,
    stride: int,
    before: int,
    pieces: int,
    groups: int,
    norm: tl.constexpr,
    wide: tl.constexpr,
    rows: tl.constexpr,
    columns: tl.constexpr,
) -> None:
    """out[b, y, x, e] = hardswish(bias[e] + sum of taps[., e] over the window of expanded channel e).

    mixed (B, height, width, channels), index (B, selected), alpha (1,), scale and shift (P,), taps (size * size, E),
    bias (E,), out (B, out_height, out_width, E), all contiguous. Zeros are around the expanded map, not around `mixed`.
    Programs: batch x pieces of `rows` pixels x groups of `columns` channels.
    """
    sample, pixel, channel = tile_of(pieces, groups, rows, columns)
    asked, exists = pixel < out_height * out_width, channel < expanded
    paired = exists & (channel >= channels)
    pair = tl.where(paired, channel - channels, 0)
    i, j = pair_at(pair, tl.zeros_like(pair) + selected, tl.float32)
    first = tl.where(paired, tl.load(index + sample * selected + i, mask=paired, other=0).to(tl.int32), channel)
    second = tl.load(index + sample * selected + j, mask=paired, other=0).to(tl.int32)
    factor, weight = widen(tl.load(alpha), wide), widen(tl.load(scale + pair, mask=paired, other=0.0), wide)
    offset = widen(tl.load(shift + pair, mask=paired, other=0.0), wide)
    total = tl.zeros((rows, columns), wide) + widen(tl.load(bias + channel, mask=exists, other=0.0), wide)[None, :]
    mixed += sample * height * width * channels
    for at in range(size * size):
        row, column, seen = pixels_at(pixel, at, size, width, height, out_width, stride, before)
        seen = seen & asked
        place = mixed + (row * width + column)[:, None].to(tl.int64) * channels
        a = widen(tl.load(place + first[None, :], mask=seen[:, None] & exists[None, :], other=0.0), wide)
        b = widen(tl.load(place + second[None, :], mask=seen[:, None] & paired[None, :], other=0.0), wide)
        product = value(factor * (a * b), norm) * weight[None, :] + offset[None, :]
        made = tl.where(paired[None, :], product, a)
        tap = widen(tl.load(taps + at * expanded + channel, mask=exists, other=0.0), wide)
        total += tl.where(seen[:, None], made, 0.0) * tap[None, :]
    place = out + (sample * out_height * out_width + pixel)[:, None] * expanded + channel[None, :]
    tl.store(place, narrow(hard_swish(total), out.dtype.element_ty), mask=asked[:, None] & exists[None, :])


@kernel
def filtered_ghost(
    primary: tl.tensor,
    cheap: tl.tensor,
    cheap_bias: tl.tensor,
    taps: tl.tensor,
    bias: tl.tensor,
    out: tl.tensor,
    half: int,
    expanded: int,
    height: int,
    width: int,
    out_height: int,
    out_width: int,
    size: int,
    stride: int,
    before: int,
    pieces: int,
    groups: int,
    wide: tl.constexpr,
    rows: tl.constexpr,
    columns: tl.constexpr,
) -> None:
    """The same of Ghost: primary (B, height, width, half) behind its Hardswish, cheap (9, half), cheap_bias (half,)."""
    sample, pixel, channel = tile_of(pieces, groups, rows, columns)
    asked, exists = pixel < out_height * out_width, channel < expanded
    made_cheaply = exists & (channel >= half)
    source = tl.where(made_cheaply, channel - half, channel)
    start = widen(tl.load(cheap_bias + source, mask=made_cheaply, other=0.0), wide)
    total = tl.zeros((rows, columns), wide) + widen(tl.load(bias + channel, mask=exists, other=0.0), wide)[None, :]
    primary += sample * height * width * half
    for at in range(size * size):
        row, column, seen = pixels_at(pixel, at, size, width, height, out_width, stride, before)
        seen = seen & asked
        place = primary + (row * width + column)[:, None].to(tl.int64) * half + source[None, :]
        first = widen(tl.load(place, mask=seen[:, None] & exists[None, :], other=0.0), wide)
        made = tl.zeros((rows, columns), wide) + start[None, :]
        for near in range(9):
            down, right = near // 3 - 1, near % 3 - 1
            there = (row + down >= 0) & (row + down < height) & (column + right >= 0) & (column + right < width)
            mask = (seen & there)[:, None] & made_cheaply[None, :]
            beside = widen(tl.load(place + (down * width + right) * half, mask=mask, other=0.0), wide)
            made += beside * widen(tl.load(cheap + near * half + source, mask=made_cheaply, other=0.0), wide)[None, :]
        made = tl.where(made_cheaply[None, :], made, first)
        tap = widen(tl.load(taps + at * expanded + channel, mask=exists, other=0.0), wide)
        total += tl.where(seen[:, None], made, 0.0) * tap[None, :]
    place = out + (sample * out_height * out_width + pixel)[:, None] * expanded + channel[None, :]
    tl.store(place, narrow(hard_swish(total), out.dtype.element_ty), mask=asked[:, None] & exists[None, :])
