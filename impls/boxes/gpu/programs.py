"""Kernels of boxes, rows x1 y1 x2 y2. What decides who survives is rounded at every step: IEEE division, no fused
multiply-add (`launches` switches that off).
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel


@kernel
def corners(boxes: tl.tensor, rows: tl.tensor, inside: tl.tensor) -> tuple[tl.tensor, ...]:
    """x1, y1, x2, y2 of those rows; zeros outside."""
    at = boxes + rows.to(tl.int64) * 4
    return (
        tl.load(at, mask=inside, other=0),
        tl.load(at + 1, mask=inside, other=0),
        tl.load(at + 2, mask=inside, other=0),
        tl.load(at + 3, mask=inside, other=0),
    )


@kernel
def shared_and_union(
    boxes: tl.tensor, others: tl.tensor, i: tl.tensor, j: tl.tensor, count: int, others_count: int
) -> tuple[tl.tensor, tl.tensor]:
    """The area that boxes i and others j have in common, and that of their union: (rows, columns) each."""
    x1, y1, x2, y2 = corners(boxes, i, i < count)
    left, top, right, bottom = corners(others, j, j < others_count)
    width = tl.minimum(x2[:, None], right[None, :]) - tl.maximum(x1[:, None], left[None, :])
    height = tl.minimum(y2[:, None], bottom[None, :]) - tl.maximum(y1[:, None], top[None, :])
    shared = tl.where((width > 0) & (height > 0), width * height, 0.0)
    areas = ((x2 - x1) * (y2 - y1))[:, None] + ((right - left) * (bottom - top))[None, :]
    return shared, areas - shared


@kernel
def overlaps(
    boxes: tl.tensor,
    others: tl.tensor,
    out: tl.tensor,
    count: int,
    others_count: int,
    column_programs: int,
    rows: tl.constexpr,
    columns: tl.constexpr,
) -> None:
    """out (count, others_count). Programs: tiles of rows x columns, row by row."""
    i = (tl.program_id(0) // column_programs) * rows + tl.arange(0, rows)
    j = (tl.program_id(0) % column_programs) * columns + tl.arange(0, columns)
    shared, union = shared_and_union(boxes, others, i, j, count, others_count)
    nothing = tl.where(union == union, 0.0, union)  # noqa: PLR0124  # NaN is none of itself
    found = tl.where(shared > 0, shared / union, nothing)
    inside = (i < count)[:, None] & (j < others_count)[None, :]
    tl.store(out + i.to(tl.int64)[:, None] * others_count + j[None, :], found, mask=inside)


@kernel
def suppressing(
    boxes: tl.tensor, classes: tl.tensor, bits: tl.tensor, count: int, words: int, limit: tl.tensor, block: tl.constexpr
) -> None:
    """bits (count, words) int64: bit j % 64 of word j // 64 of row i where box i suppresses box j behind it.

    boxes, classes: in order of score. limit: (1,), of the boxes' dtype. Programs: words x words tiles of block = 64
    boxes each way; below the diagonal nothing is written, and nothing read.
    """
    row, word = tl.program_id(0) // words, tl.program_id(0) % words
    if word >= row:
        i, j = row * block + tl.arange(0, block), word * block + tl.arange(0, block)
        shared, union = shared_and_union(boxes, boxes, i, j, count, count)
        # Triton's `/` is 2 units off in float32, and IEEE's in float64; `div_rn` takes float32 alone.
        overlap = tl.div_rn(shared, union) if shared.dtype == tl.float32 else shared / union
        above = overlap > tl.load(limit)
        mine = tl.load(classes + i, mask=i < count, other=0)
        theirs = tl.load(classes + j, mask=j < count, other=0)
        hit = above & (mine[:, None] == theirs[None, :]) & (i[:, None] < j[None, :]) & (j < count)[None, :]
        each = tl.full((block,), 1, tl.int64) << tl.arange(0, block).to(tl.int64)
        found = tl.sum(tl.where(hit, each[None, :], 0), 1)
        tl.store(bits + i.to(tl.int64) * words + word, found, mask=i < count)


@kernel
def keeping(
    bits: tl.tensor, order: tl.tensor, kept: tl.tensor, count: int, words: int, block: tl.constexpr, wide: tl.constexpr
) -> None:
    """kept (count,): those of `order` that nobody kept before suppresses, and -1 where it was. One program.

    Of each word's boxes the word's own column settles who is kept; their whole rows then suppress what is behind.
    """
    column = tl.arange(0, wide)
    gone = tl.zeros((wide,), tl.int64)
    survivors = 0
    for word in range(words):
        here = tl.sum(tl.where(column == word, gone, 0), 0)
        for bit in range(block):
            box = word * block + bit
            alive = (box < count) & (((here >> bit) & 1) == 0)
            row = bits + box.to(tl.int64) * words
            here |= tl.load(row + word, mask=alive, other=0)
            inside = (column >= word) & (column < tl.where(alive, words, 0))
            gone |= tl.load(row + column, mask=inside, other=0)
            tl.store(kept + survivors, tl.load(order + box, mask=alive, other=0), mask=alive)
            survivors += alive.to(tl.int32)


@kernel
def decoded(
    offsets: tl.tensor,
    anchors: tl.tensor,
    out: tl.tensor,
    count: int,
    pieces: int,
    edge: int,
    centre_variance: tl.constexpr,
    side_variance: tl.constexpr,
    largest_exponent: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """out, offsets (batch, count, 4), anchors (count, 4). Programs: batch x pieces of `block` boxes."""
    anchor = (tl.program_id(0) % pieces) * block + tl.arange(0, block)
    box = (tl.program_id(0) // pieces).to(tl.int64) * count + anchor
    inside = anchor < count
    x1, y1, x2, y2 = corners(anchors, anchor, inside)
    dx, dy, dw, dh = corners(offsets, box, inside)
    left, right = ends(dx, dw, x1, x2, edge, centre_variance, side_variance, largest_exponent)
    top, bottom = ends(dy, dh, y1, y2, edge, centre_variance, side_variance, largest_exponent)
    to = out + box * 4
    tl.store(to, left, mask=inside)
    tl.store(to + 1, top, mask=inside)
    tl.store(to + 2, right, mask=inside)
    tl.store(to + 3, bottom, mask=inside)


@kernel
def ends(
    shift: tl.tensor,
    growth: tl.tensor,
    low: tl.tensor,
    high: tl.tensor,
    edge: int,
    centre_variance: tl.constexpr,
    side_variance: tl.constexpr,
    largest_exponent: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor]:
    """One axis of a box: where it begins and ends."""
    side = high - low
    centre = centre_variance * shift * side + (low + 0.5 * side)
    grown = side_variance * growth
    half = 0.5 * tl.exp(tl.where(grown > largest_exponent, 0 * grown + largest_exponent, grown)) * side
    return clipped(centre - half, edge), clipped(centre + half, edge)


@kernel
def clipped(value: tl.tensor, edge: int) -> tl.tensor:
    """Within [0, edge] where there is an edge; NaN stays NaN."""
    most = tl.cast(edge, value.dtype)
    within = tl.where(value > most, most, tl.where(value < 0, 0 * most, value))
    return tl.where(edge > 0, within, value)
