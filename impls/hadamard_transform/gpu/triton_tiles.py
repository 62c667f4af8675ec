"""What both Triton kernels are made of: whole blocks of the transform in registers, read once and written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import accumulator, kernel, launch
from impls.hadamard_transform.matrices import of_order
from impls.hadamard_transform.orders import factored
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from impls.hadamard_transform.backend_entry import Call

TOGETHER = 1024
"""Elements that a program has at least."""


@kernel
def loaded(
    x: tl.tensor,
    before: tl.tensor,
    matrix: tl.tensor,
    blocks: int,
    size: int,
    order: tl.constexpr,
    rows: tl.constexpr,
    length: tl.constexpr,
    each: tl.constexpr,
    signs_before: tl.constexpr,
    wide: tl.constexpr,
) -> tl.tensor:
    """The program's `each` blocks of order * length elements, times their signs and the matrix.

    rows: the next power of two from order on. Returns (each * rows * length,).
    """
    block = tl.program_id(0).to(tl.int64) * each + tl.arange(0, each)[:, None, None]
    row, column = tl.arange(0, rows)[None, :, None], tl.arange(0, length)[None, None, :]
    total = tl.zeros((each, rows, length), wide)
    for j in tl.static_range(order):
        at = (block * order + j) * length + column
        value = tl.load(x + at, mask=block < blocks, other=0.0).to(wide)
        if signs_before:
            value *= tl.load(before + at % size, mask=block < blocks, other=0.0).to(wide)
        if order == 1:
            total += value
        else:
            total += tl.load(matrix + row * order + j, mask=row < order, other=0.0) * value
    return tl.reshape(total, (each * rows * length,))


@kernel
def butterflies(flat: tl.tensor, distance: tl.constexpr) -> tl.tensor:
    """One stage: the tile is split into its elements that are `distance` apart, and joined again."""
    pairs = tl.reshape(flat, (flat.numel // (2 * distance), 2, distance))
    first, second = tl.split(tl.permute(pairs, (0, 2, 1)))
    both = tl.permute(tl.join(first + second, first - second), (0, 2, 1))
    return tl.reshape(both, (flat.numel,))


@kernel
def stored(
    flat: tl.tensor,
    after: tl.tensor,
    out: tl.tensor,
    blocks: int,
    size: int,
    order: tl.constexpr,
    rows: tl.constexpr,
    length: tl.constexpr,
    each: tl.constexpr,
    scale: tl.constexpr,
    signs_after: tl.constexpr,
    wide: tl.constexpr,
) -> None:
    """Writes what `loaded` read, transformed: times signs and scale, rounded."""
    block = tl.program_id(0).to(tl.int64) * each + tl.arange(0, each)[:, None, None]
    row, column = tl.arange(0, rows)[None, :, None], tl.arange(0, length)[None, None, :]
    total = tl.reshape(flat, (each, rows, length))
    place = (block * order + row) * length + column
    inside = (block < blocks) & (row < order)
    if signs_after:
        total *= tl.load(after + place % size, mask=inside, other=0.0).to(wide)
    tl.store(out + place, (total * scale).to(out.dtype.element_ty), mask=inside)


def launch_tiles(
    compiled: Any, call: Call, x: Tensor, out: Tensor, most: int, warps: Callable[[int], int], **more: object
) -> None:
    """One launch of a kernel that has the parameters of `triton_kernel.transform_kernel`, and `more`.

    x, out: contiguous. most: sums that a program holds. warps: of a program with so many sums. Raises UsageError for a
    block that a program does not hold.
    """
    order, length = factored(call.block)
    rows = 1 << (order - 1).bit_length()
    if rows * length > most:
        raise UsageError(f"takes blocks of up to {most} sums, not {rows * length}")
    each = max(1, TOGETHER // (rows * length))
    matrix = of_order(order)
    wide = torch.float64 if x.dtype == torch.float64 else torch.float32
    signs = (matrix.T if call.transposed else matrix).contiguous().to(x.device, wide)
    blocks = x.numel() // call.block
    before, after = (x if one is None else one for one in (call.before, call.after))
    fixed = {
        "order": order,
        "rows": rows,
        "length": length,
        "stages": length.bit_length() - 1,
        "each": each,
        "scale": call.scale,
        "signs_before": call.before is not None,
        "signs_after": call.after is not None,
        "wide": accumulator(x.dtype),
        "num_warps": warps(each * rows * length),
    }
    arguments = (x, before, after, signs, out, blocks, x.shape[-1])
    launch(compiled, (-(-blocks // each),), x, arguments, fixed | more)
