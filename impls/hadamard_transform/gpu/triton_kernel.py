"""The transform in Triton: a program has whole blocks in registers, and a stage splits the tile into its two halves.

How elements of one stage meet, within a thread, by shuffles or through shared memory, is the compiler's choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import accumulator, kernel, launch
from impls.hadamard_transform.gpu.contiguous import through_contiguous
from impls.hadamard_transform.matrices import of_order
from impls.hadamard_transform.orders import factored
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from impls.hadamard_transform.backend_entry import Call

TOGETHER = 1024
"""Elements that a program has at least."""
MOST = 1 << 14
"""Elements of a program: 64 registers of each of 256 threads. The sums of a matrix of another order are padded to 16 or
32 times the power of two."""


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
) -> None:
    """`each` blocks of order * length elements. rows: the next power of two from order on."""
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
    flat = tl.reshape(total, (each * rows * length,))
    for stage in tl.static_range(stages):
        pairs = tl.reshape(flat, ((each * rows * length) >> (stage + 1), 2, 1 << stage))
        first, second = tl.split(tl.permute(pairs, (0, 2, 1)))
        both = tl.permute(tl.join(first + second, first - second), (0, 2, 1))
        flat = tl.reshape(both, (each * rows * length,))
    total = tl.reshape(flat, (each, rows, length))
    place = (block * order + row) * length + column
    inside = (block < blocks) & (row < order)
    if signs_after:
        total *= tl.load(after + place % size, mask=inside, other=0.0).to(wide)
    tl.store(out + place, (total * scale).to(out.dtype.element_ty), mask=inside)


def transform(call: Call) -> Tensor:
    """The call's result; `out` may be x itself. Raises UsageError for a block that a program does not hold."""
    return through_contiguous(call, _launch)


def _launch(call: Call, x: Tensor, out: Tensor) -> None:
    order, length = factored(call.block)
    rows = 1 << (order - 1).bit_length()
    if rows * length > MOST:
        raise UsageError(f"takes blocks of up to {MOST} sums, not {rows * length}")
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
        "num_warps": 4 if each * rows * length <= 4096 else 8,
    }
    launch(transform_kernel, (-(-blocks // each),), x, (x, before, after, signs, out, blocks, x.shape[-1]), fixed)
