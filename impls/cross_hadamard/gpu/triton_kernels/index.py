"""Index maths of the strict upper triangle, exact for every n up to 100,000, for scalars and tensors alike."""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel


@kernel
def row_start(i: tl.tensor, n: tl.tensor) -> tl.tensor:
    """Position of the pair (i, i + 1): where row i begins."""
    return i * (2 * n - i - 1) // 2


@kernel
def pair_at(p: tl.tensor, n: tl.tensor, root: tl.constexpr) -> tl.tensor:
    """The pair (i, j), 0 <= i < j < n, at position p, 0 <= p < n(n-1)/2.

    p, n: int64, or int32 where 4 n^2 fits.
    root: the dtype of the square root. The integer under it is exact; its rounding and the root's are below 0.1 for n
        up to 100,000 even in float32, with the GPU's approximate root. So the closed form is less than one row off, and
        one step either way corrects it.
    """
    edge = 2 * n - 1
    reach = tl.sqrt((edge * edge - 8 * p).to(root))
    i = ((edge.to(root) - reach) * 0.5).to(p.dtype)
    i -= (row_start(i, n) > p).to(p.dtype)
    i += (row_start(i + 1, n) <= p).to(p.dtype)
    return i, i + 1 + p - row_start(i, n)


@kernel
def both(inside: tl.tensor, exists: tl.tensor) -> tl.tensor:
    """A mask `inside` under a scalar condition. Written as `inside & exists`, the interpreter makes it an integer."""
    return tl.where(exists, inside, False)


@kernel
def channel_at(index: tl.tensor, i: tl.tensor, n: tl.tensor, channels: tl.tensor, selected: tl.constexpr) -> tl.tensor:
    """The channel of x at position i of this sample, and whether there is one: no load may happen where there is not.

    index: pointer to this sample's row of n int64 values, read only where `selected`.
    """
    exists = i < n
    channel = i
    if selected:
        channel = tl.load(index + i, mask=exists, other=-1)
        exists = (channel >= 0) & (channel < channels)
    return channel, exists
