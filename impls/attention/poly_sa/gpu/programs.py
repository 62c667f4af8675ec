"""Poly-SA's kernels: the sums that the gate is the mean of, and the last weights with the gate in them.

A matrix product in half precision is tensor cores' `mma`; in float32 it is asked for in IEEE arithmetic, since TF32
would round what it multiplies to 11 bits, and compiles to fused multiply-adds.
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel


@kernel
def weights_at(
    w: tl.tensor, start: int, channel: tl.tensor, width: int, depth: tl.constexpr, operand: tl.constexpr
) -> tl.tensor:
    """Rows from `start` on and the given columns of w (width, width); zeros beyond it."""
    inner = start + tl.arange(0, depth)
    inside = (inner < width)[:, None] & (channel < width)[None, :]
    return tl.load(w + inner[:, None] * width + channel[None, :], mask=inside, other=0.0).to(operand)


@kernel
def tokens_at(
    x: tl.tensor, token: tl.tensor, tokens: int, start: int, width: int, depth: tl.constexpr, operand: tl.constexpr
) -> tl.tensor:
    """The given rows and the columns from `start` on of x (tokens, width); zeros beyond it."""
    inner = start + tl.arange(0, depth)
    inside = (token < tokens)[:, None] & (inner < width)[None, :]
    return tl.load(x + token[:, None] * width + inner[None, :], mask=inside, other=0.0).to(operand)


@kernel
def gate_sums(
    x: tl.tensor,
    w1: tl.tensor,
    w2: tl.tensor,
    sums: tl.tensor,
    tokens: int,
    width: int,
    pieces: int,
    groups: int,
    tiles: int,
    whole: tl.constexpr,
    rows: tl.constexpr,
    columns: tl.constexpr,
    depth: tl.constexpr,
    operand: tl.constexpr,
    wide: tl.constexpr,
) -> None:
    """sums[b, piece, c] = sum over the piece's tokens t of (x_t w1)_c (x_t w2)_c; neither projection is written.

    x (batch, tokens, width), w1 and w2 (width, width), contiguous; sums (batch, pieces, width) in `wide`.
    Programs: batch x pieces x groups of `columns` channels; a piece is `tiles` times `rows` tokens. whole: the width
    is within `depth`, so that the weights are loaded once and stay. operand: the dtype that is multiplied.
    """
    program = tl.program_id(0).to(tl.int64)
    group, piece, sequence = program % groups, program // groups % pieces, program // groups // pieces
    channel = group * columns + tl.arange(0, columns)
    x += sequence * tokens * width
    total = tl.zeros((columns,), wide)
    if whole:
        one = weights_at(w1, 0, channel, width, depth, operand)
        two = weights_at(w2, 0, channel, width, depth, operand)
        for tile in range(tiles):
            given = tokens_at(x, (piece * tiles + tile) * rows + tl.arange(0, rows), tokens, 0, width, depth, operand)
            first = tl.dot(given, one, input_precision="ieee", out_dtype=wide)
            second = tl.dot(given, two, input_precision="ieee", out_dtype=wide)
            total += tl.sum(first * second, 0)
    else:
        for tile in range(tiles):
            token = (piece * tiles + tile) * rows + tl.arange(0, rows)
            first, second = tl.zeros((rows, columns), wide), tl.zeros((rows, columns), wide)
            for start in range(0, width, depth):
                given = tokens_at(x, token, tokens, start, width, depth, operand)
                one = weights_at(w1, start, channel, width, depth, operand)
                two = weights_at(w2, start, channel, width, depth, operand)
                first = tl.dot(given, one, first, input_precision="ieee", out_dtype=wide)
                second = tl.dot(given, two, second, input_precision="ieee", out_dtype=wide)
            total += tl.sum(first * second, 0)
    tl.store(sums + (sequence * pieces + piece) * width + channel, total, mask=channel < width)


@kernel
def gated_weights(
    sums: tl.tensor,
    w3: tl.tensor,
    out: tl.tensor,
    tokens: int,
    width: int,
    pieces: int,
    groups: int,
    rows: tl.constexpr,
    together: tl.constexpr,
    block: tl.constexpr,
    wide: tl.constexpr,
) -> None:
    """out[b, c, d] = gate[b, c] * w3[c, d], the gate being the mean over tokens from the sums of its pieces.

    Programs: batch x groups of `rows` channels. Pieces are added `together` at a time in an order that is fixed, so
    that no result depends on which program was done first.
    """
    program = tl.program_id(0).to(tl.int64)
    sequence, channel = program // groups, program % groups * rows + tl.arange(0, rows)
    total = tl.zeros((rows,), wide)
    for start in range(0, pieces, together):
        piece = start + tl.arange(0, together)
        inside = (piece < pieces)[:, None] & (channel < width)[None, :]
        place = (sequence * pieces + piece[:, None]) * width + channel[None, :]
        total += tl.sum(tl.load(sums + place, mask=inside, other=0.0), 0)
    gate = total / tokens
    for start in range(0, width, block):
        column = start + tl.arange(0, block)
        inside = (channel < width)[:, None] & (column < width)[None, :]
        place = channel[:, None] * width + column[None, :]
        row = tl.load(w3 + place, mask=inside, other=0.0).to(wide)
        gated = (gate[:, None] * row).to(out.dtype.element_ty)
        tl.store(out + sequence * width * width + place, gated, mask=inside)
