"""Our schedule for small and odd maps: the output is one span, and a program owns `block` consecutive elements of it.

Whatever H*W is, no lane is wasted and every store is aligned. Elements go by units, the widest vector that all maps are
aligned to: a unit lies in one map, so that it has one place, and is one access. The first unit's place is found
exactly, once a program; from there on the channels follow by counting: a row of the triangle that ends in j = n goes on
at (i + 1, i + 2), the last row at the next sample. With a norm, a sample begins with x itself: row -1, with C entries.

A lane's units are a warp apart, so that a request asks for each sector of a map once. Where a lane owned 16 bytes in a
row it asked, element by element, for each of them 16 / itemsize times (20 to 32 times over all pairs, now 5 to 8).
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.index import channel_at, pair_at, row_start
from impls.cross_hadamard.gpu.triton_kernels.language import kernel
from impls.cross_hadamard.gpu.triton_kernels.norms import value
from impls.cross_hadamard.gpu.triton_kernels.rounding import narrow, widen


@kernel
def quotient(t: tl.tensor, size: tl.tensor, small: tl.constexpr) -> tl.tensor:
    """t // size for 0 <= t < units + size, without an integer division; `units` are a block's.

    small: size < units, so t < 2 units <= 2^14: half a step above the integer, a float32 product rounds to the
    right side (its error is below t 2^-22, the distance to the next integer at least 1 / (2 size)).
    """
    found = t >= size
    if small:
        found = (t.to(tl.float32) + 0.5) * (1.0 / size.to(tl.float32))
    return found.to(tl.int32)


@kernel
def place_of(channel: tl.tensor, n: tl.tensor, copied: tl.tensor) -> tl.tensor:
    """Row and column (i, j) of output channel `channel` of a sample; (-1, channel) among the `copied` ones."""
    p = tl.maximum(channel - copied, 0)
    i, j = pair_at(p, n, tl.float64)
    return tl.where(channel < copied, -1, i), tl.where(channel < copied, channel, j)


@kernel
def count_on(
    i: tl.tensor, j: tl.tensor, n: tl.tensor, copied: tl.tensor, rows: tl.tensor, appended: tl.constexpr
) -> tl.tensor:
    """(i, j) with j carried past the ends of `rows` rows, and how many samples further each unit is."""
    samples = tl.zeros_like(j)
    for _ in range(rows):
        end = tl.where(i < 0, copied, n)
        over = j >= end
        i = tl.where(over, i + 1, i)
        j = tl.where(over, j - end + i + 1, j)
        last = i == n - 1
        if appended:
            j = tl.where(last, j - n, j)
            i = tl.where(last, -1, i)
        else:
            j = tl.where(last, j - n + 1, j)
            i = tl.where(last, 0, i)
        samples = tl.where(last, samples + 1, samples)
    return i, j, samples


@kernel
def find_each(channel: tl.tensor, steps: tl.tensor, n: tl.tensor, copied: tl.tensor) -> tl.tensor:
    """What `count_on` finds, for each unit by itself: `steps` channels after `channel`, all small."""
    per_sample = (copied + n * (n - 1) // 2).to(tl.int32)
    counted = channel.to(tl.int32) + steps
    samples = quotient(counted, per_sample, True)
    counted -= samples * per_sample
    p = counted - copied.to(tl.int32)
    i, j = pair_at(tl.maximum(p, 0), n.to(tl.int32), tl.float32)
    return tl.where(p < 0, -1, i), tl.where(p < 0, counted, j), samples


@kernel
def read_map(
    x: tl.tensor,
    index: tl.tensor,
    batch: tl.tensor,
    i: tl.tensor,
    s: tl.tensor,
    n: tl.tensor,
    channels: tl.tensor,
    size: tl.tensor,
    plain: tl.tensor,
    selected: tl.constexpr,
    unit: tl.constexpr,
) -> tl.tensor:
    """Units s (units, 1) of the maps at positions i of samples `batch`, or of channels i where `plain`: (units, unit).

    size: of a map, in units.
    """
    if selected:
        channel, exists = channel_at(index + batch * n, tl.where(plain, 0, i), n, channels, True)
        channel, exists = tl.where(plain, i, channel), exists | plain
    else:
        channel, exists = i, i < n
    place = ((batch * channels + channel) * size + s) * unit + tl.arange(0, unit)[None, :]
    return tl.load(x + place, mask=exists, other=float("nan"))


@kernel
def flat(
    x: tl.tensor,
    index: tl.tensor,
    alpha: tl.tensor,
    weight: tl.tensor,
    bias: tl.tensor,
    out: tl.tensor,
    total: tl.tensor,  # not `int`, which Triton takes for int32: of odd maps there may be more
    channels: int,
    n: int,
    size: int,
    norm: tl.constexpr,
    selected: tl.constexpr,
    wide: tl.constexpr,
    offset: tl.constexpr,
    block: tl.constexpr,
    unit: tl.constexpr,
    small: tl.constexpr,
    tiny: tl.constexpr,
) -> None:
    """Grid ceil(total * unit / block) over the `total` units of the output.

    size: S / unit.
    unit: elements; that places are multiples of it is how the compiler knows that it may access whole vectors.
    offset: int32 where x has fewer than 2^31 elements, else int64.
    small: S < block.
    tiny: a sample's output is shorter than a block; then each unit finds its pair by itself, in float32.
    """
    n, channels, size = tl.cast(n, tl.int64), tl.cast(channels, tl.int64), tl.cast(size, tl.int64)
    total, pairs = tl.cast(total, tl.int64), n * (n - 1) // 2
    units: tl.constexpr = block // unit
    copied = tl.zeros_like(channels)
    if norm != "none":
        copied = channels
    per_sample = copied + pairs
    begin = tl.cast(tl.program_id(0), tl.int64) * units
    end = tl.minimum(begin + units, total)
    channel = begin // size
    batch = channel // per_sample
    channel_in = channel - batch * per_sample

    # Past the end of the output the last unit is read again, so that no load needs a mask of its own.
    own = tl.arange(0, units)[:, None]
    lanes = tl.minimum(own, (end - begin - 1).to(tl.int32))
    t = lanes.to(offset) + (begin - channel * size).to(offset)
    steps = quotient(t, tl.cast(size, offset), small)
    s = t - steps.to(offset) * tl.cast(size, offset)
    if tiny:
        i, j, samples = find_each(channel_in, steps, n, copied)
    else:
        i_first, j_first = place_of(channel_in, n, copied)
        final = (end - 1) // size
        final_batch = final // per_sample
        i_final, _ = place_of(final - final_batch * per_sample, n, copied)
        first_row = 0
        if norm != "none":
            first_row = -1
        rows = (final_batch - batch) * (n - 1 - first_row) + i_final - i_first
        i = tl.zeros_like(steps) + i_first.to(tl.int32)
        j = steps + j_first.to(tl.int32)
        i, j, samples = count_on(i, j, tl.cast(n, tl.int32), copied.to(tl.int32), rows.to(tl.int32), norm != "none")

    row = batch.to(offset) + samples.to(offset)
    n_of, channels_of, size_of = tl.cast(n, offset), tl.cast(channels, offset), tl.cast(size, offset)
    plain = i < 0
    right = read_map(x, index, row, j.to(offset), s, n_of, channels_of, size_of, plain, selected, unit)
    left = read_map(x, index, row, tl.maximum(i, 0).to(offset), s, n_of, channels_of, size_of, i < -1, selected, unit)
    result = widen(left, wide) * widen(right, wide)
    if norm != "none":
        p = row_start(i.to(tl.int64), n) + j - i - 1
        result = value(tl.load(alpha) * result, norm) * tl.load(weight + p, mask=i >= 0, other=0.0)
        result += tl.load(bias + p, mask=i >= 0, other=0.0)
        result = tl.where(plain, widen(right, wide), result)
    result = narrow(result, out.dtype.element_ty)
    # By `lanes`, not `own`, of which Triton would know that they follow each other, and give a lane 16 bytes of them.
    places = out + (begin + lanes) * unit + tl.arange(0, unit)[None, :]
    tl.store(places, result, mask=own < end - begin, cache_modifier=".cs")
