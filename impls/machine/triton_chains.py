"""The Triton kernel of `triton_jit.py`."""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel

BLOCK, WARPS = 1024, 4
"""Eight values a thread: a multiply-add has a latency of four cycles, and four warps of a block take turns as well."""


@kernel
def chains(
    x: tl.tensor,
    out: tl.tensor,
    count: tl.tensor,
    steps: tl.tensor,
    factor: tl.tensor,
    term: tl.tensor,
    BLOCK: tl.constexpr,  # noqa: N803  (how Triton's own kernels name what they are compiled for)
) -> None:
    """out (count,) = x * factor + term, `steps` times, in x's dtype."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    value = tl.load(x + at, mask=at < count, other=0.0)
    multiplied = tl.full((BLOCK,), factor, value.dtype)
    added = tl.full((BLOCK,), term, value.dtype)
    for _ in range(steps):
        value = value * multiplied + added
    tl.store(out + at, value, mask=at < count)
