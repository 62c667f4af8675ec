"""The transform in Triton: a program has whole blocks in registers, and a stage splits the tile into its two halves.

How elements of one stage meet, within a thread, by shuffles or through shared memory, is the compiler's choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel
from impls.hadamard_transform.gpu.contiguous import through_contiguous
from impls.hadamard_transform.gpu.triton_tiles import butterflies, launch_tiles, loaded, stored

if TYPE_CHECKING:
    from torch import Tensor

    from impls.hadamard_transform.backend_entry import Call

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
    flat = loaded(x, before, matrix, blocks, size, order, rows, length, each, signs_before, wide)
    for stage in tl.static_range(stages):
        flat = butterflies(flat, 1 << stage)
    stored(flat, after, out, blocks, size, order, rows, length, each, scale, signs_after, wide)


def transform(call: Call) -> Tensor:
    """The call's result; `out` may be x itself. Raises UsageError for a block that a program does not hold."""
    return through_contiguous(call, _launch)


def _launch(call: Call, x: Tensor, out: Tensor) -> None:
    launch_tiles(transform_kernel, call, x, out, MOST, lambda sums: 4 if sums <= 4096 else 8)
