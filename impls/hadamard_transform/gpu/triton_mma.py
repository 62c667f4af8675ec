"""The transform in Triton by matrix units: four stages are one product with the Hadamard matrix of order 16.

n = 2^b * 16^m elements take b < 4 stages of butterflies, between elements far apart, and then m products: the tile as
(n / 4096, 16, 256) and as (n / 256, 16, 16) times the matrix from the left, and as the latter from the right. The
matrix's entries are +-1, exact in every dtype; what is rounded is the tile.

A 16-bit input is multiplied as it is. Everything else (later products, and the first behind butterflies or another
matrix) is cut into parts of bfloat16, each what the ones before left over, and their products are added in float32:
bfloat16 has float32's exponents, so that no part of what float16 or bfloat16 can hold overflows. Three parts hold a
float32's 24 bits from 2^-110 on, below which the last ones are subnormal (1e-39 comes out 1 % off); values above
3.396e38, which bfloat16 rounds up to infinity, leave NaN behind, as infinite ones do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel, operand
from impls.hadamard_transform.gpu.contiguous import through_contiguous
from impls.hadamard_transform.gpu.triton_tiles import butterflies, launch_tiles, loaded, stored
from impls.hadamard_transform.orders import factored

if TYPE_CHECKING:
    from torch import Tensor

    from impls.hadamard_transform.backend_entry import Call

PARTS = {torch.float16: 2, torch.bfloat16: 2, torch.float32: 3, torch.float64: 1}
"""Parts that a product's sums are cut into. Of 64 rows of normal numbers, errors' root mean square as a share of the
results', sums rounded to the dtype between products | in two parts | float32 butterflies: bfloat16, 256 elements,
2.4e-3 | 1.7e-3 | 1.7e-3; 4,096 elements, 2.9e-3 | 1.7e-3 | 1.7e-3; float16 2.9e-4 | 2.1e-4 | 2.1e-4 and
3.6e-4 | 2.1e-4 | 2.1e-4.
"""
MOST = ((1 << 15, 64), (1 << 13, 32))
"""Sums of a program and of a thread, and those of float64. Registers and bytes spilled of sm_90 in bfloat16 with 2,048,
8,192 and 32,768 sums: 198 and 0, 194 and 0, 128 and 344. Float64's exchange through shared memory takes 16 bytes a sum,
256 KiB with 16,384; with 64 sums a thread it spills 264 bytes.
"""
_KINDS = {torch.float16: tl.float16, torch.bfloat16: tl.bfloat16, torch.float64: tl.float64}


@kernel
def signs_of_16(kind: tl.constexpr) -> tl.tensor:
    """(16, 16): -1 where i and j have an odd number of bits in common, else 1."""
    common = tl.arange(0, 16)[:, None] & tl.arange(0, 16)[None, :]
    common ^= common >> 2
    common ^= common >> 1
    return (1 - 2 * (common & 1)).to(kind)


@kernel
def by_16(
    flat: tl.tensor,
    width: tl.constexpr,
    right: tl.constexpr,
    parts: tl.constexpr,
    part: tl.constexpr,
    multiplied: tl.constexpr,
    wide: tl.constexpr,
) -> tl.tensor:
    """Four stages: every (16, width) of the tile times the matrix, from the left, or from the right (width 16).

    part: the dtype that the tile is cut into; multiplied: what that is multiplied as.
    """
    batch: tl.constexpr = flat.numel // (16 * width)
    signs = tl.broadcast_to(signs_of_16(multiplied)[None, :, :], (batch, 16, 16))
    rest = tl.reshape(flat, (batch, 16, width))
    total = tl.zeros((batch, 16, width), wide)
    for left in tl.static_range(parts):
        piece = rest.to(part)
        if right:
            total = tl.dot(piece.to(multiplied), signs, total, input_precision="ieee", out_dtype=wide)
        else:
            total = tl.dot(signs, piece.to(multiplied), total, input_precision="ieee", out_dtype=wide)
        if left + 1 < parts:
            rest -= piece.to(wide)
    return tl.reshape(total, (flat.numel,))


@kernel
def transform_kernel(
    x: tl.tensor,
    before: tl.tensor,
    after: tl.tensor,
    matrix: tl.tensor,
    out: tl.tensor,
    blocks: int,
    size: int,
    order: tl.constexpr,
    rows: tl.constexpr,
    length: tl.constexpr,
    stages: tl.constexpr,
    each: tl.constexpr,
    scale: tl.constexpr,
    signs_before: tl.constexpr,
    signs_after: tl.constexpr,
    wide: tl.constexpr,
    first_parts: tl.constexpr,
    first_part: tl.constexpr,
    first_multiplied: tl.constexpr,
    parts: tl.constexpr,
    part: tl.constexpr,
    multiplied: tl.constexpr,
) -> None:
    """`each` blocks of order * length elements, length = 2^stages. first_...: of the first product."""
    flat = loaded(x, before, matrix, blocks, size, order, rows, length, each, signs_before, wide)
    for stage in tl.static_range(stages % 4):
        flat = butterflies(flat, length >> (stage + 1))
    if stages >= 12:
        flat = by_16(flat, 256, False, first_parts, first_part, first_multiplied, wide)
        flat = by_16(flat, 16, False, parts, part, multiplied, wide)
        flat = by_16(flat, 16, True, parts, part, multiplied, wide)
    elif stages >= 8:
        flat = by_16(flat, 16, False, first_parts, first_part, first_multiplied, wide)
        flat = by_16(flat, 16, True, parts, part, multiplied, wide)
    elif stages >= 4:
        flat = by_16(flat, 16, True, first_parts, first_part, first_multiplied, wide)
    stored(flat, after, out, blocks, size, order, rows, length, each, scale, signs_after, wide)


def transform(call: Call) -> Tensor:
    """The call's result; `out` may be x itself. Raises UsageError for a block that a program does not hold."""
    return through_contiguous(call, _launch)


def _launch(call: Call, x: Tensor, out: Tensor) -> None:
    later = PARTS[x.dtype], torch.float64 if x.dtype == torch.float64 else torch.bfloat16
    order, stages = factored(call.block).order, factored(call.block).stages
    as_it_is = x.dtype.itemsize == 2 and order == 1 and stages % 4 == 0
    first = (1, x.dtype) if as_it_is else later
    fixed: dict[str, object] = {}
    for name, (parts, kind) in {"first_": first, "": later}.items():
        multiplied = operand(kind, transform_kernel)
        fixed |= {f"{name}parts": parts, f"{name}part": _KINDS[kind], f"{name}multiplied": multiplied}
    most, each = MOST[x.dtype == torch.float64]
    launch_tiles(transform_kernel, call, x, out, most, lambda sums: max(1, sums // (32 * each)), **fixed)
