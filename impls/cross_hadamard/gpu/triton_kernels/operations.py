"""The four operations: from checked tensors to one launch, with little Python in between.

Everything that depends only on shapes is computed once per shape and cached.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.backward import columns, owner
from impls.cross_hadamard.gpu.triton_kernels.blocked import blocked
from impls.cross_hadamard.gpu.triton_kernels.flat import flat
from impls.cross_hadamard.gpu.triton_kernels.forward import SIDE, WARPS, balanced, direct
from impls.cross_hadamard.gpu.triton_kernels.language import LARGEST_GRID, LARGEST_SIDE_GRID, accumulator, launch
from impls.cross_hadamard.gpu.triton_kernels.planning import (
    Configuration,
    plan_backward,
    plan_blocked,
    plan_flat,
    power_of_two,
    vector_width,
)

if TYPE_CHECKING:
    from torch import Tensor


class Launch(NamedTuple):
    """All of a launch but its tensors."""

    kernel: Any
    grid: tuple[int, ...]
    sizes: tuple[int, ...]
    fixed: dict[str, Any]


def forward(
    x: Tensor, index: Tensor | None, out: Tensor, schedule: str, configuration: Configuration | None = None
) -> None:
    """out[b, p] = z[b, i] * z[b, j] with z = x, or x[b, index[b]].

    x: (B, C, H, W).
    index: (B, n) int64 or None; a value outside [0, C) makes its products NaN.
    out: (B, n(n-1)/2, H, W), n >= 2.
    schedule: "direct", "balanced", "blocked" or "flat".
    configuration: instead of the planned one, for blocked and flat.
    """
    n = x.shape[1] if index is None else index.shape[1]
    selected = index is not None
    index_or_x = x if index is None else index
    if schedule in {"direct", "balanced"}:
        planned = _published(schedule, x.shape, n, x.dtype, selected)
        launch(planned.kernel, planned.grid, x, (x, index_or_x, out, *planned.sizes), planned.fixed)
        return
    planned = _ours(schedule, x.shape, n, x.dtype, selected, "none", configuration)
    launch(planned.kernel, planned.grid, x, (x, index_or_x, x, x, x, out, *planned.sizes), planned.fixed)


def expand(
    x: Tensor,
    index: Tensor,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str,
    out: Tensor,
    schedule: str,
    configuration: Configuration | None = None,
) -> None:
    """out = concat(x, f(alpha * z_i * z_j) * weight[p] + bias[p]), one rounding to the dtype of x at the end.

    x: (B, C, H, W).
    index: (B, n) int64, n >= 2.
    alpha: (1,), weight, bias: (P,), float32, or float64 as x.
    out: (B, C + P, H, W).
    norm: one of `norms.NORMS`.
    schedule: "blocked" or "flat".
    """
    planned = _ours(schedule, x.shape, index.shape[1], x.dtype, True, norm, configuration)
    launch(planned.kernel, planned.grid, x, (x, index, alpha, weight, bias, out, *planned.sizes), planned.fixed)


@lru_cache(maxsize=1024)
def _published(schedule: str, shape: torch.Size, n: int, dtype: torch.dtype, selected: bool) -> Launch:
    batch, channels, height, width = shape
    items = batch * (n * (n - 1) // 2 if schedule == "direct" else n)
    grid = (
        min(items, LARGEST_GRID),
        min(-(-height // SIDE), LARGEST_SIDE_GRID),
        min(-(-width // SIDE), LARGEST_SIDE_GRID),
    )
    fixed = {"selected": selected, "wide": accumulator(dtype), "side": SIDE, "num_warps": WARPS}
    kernel = direct if schedule == "direct" else balanced
    return Launch(kernel, grid, (items, channels, n, height, width), fixed)


@lru_cache(maxsize=1024)
def _ours(
    schedule: str,
    shape: torch.Size,
    n: int,
    dtype: torch.dtype,
    selected: bool,
    norm: str,
    configuration: Configuration | None,
) -> Launch:
    make = _blocked if schedule == "blocked" else _flat
    return make(shape, n, dtype, {"norm": norm, "selected": selected, "wide": accumulator(dtype)}, configuration)


def _blocked(
    shape: torch.Size, n: int, dtype: torch.dtype, fixed: dict[str, Any], configuration: Configuration | None
) -> Launch:
    batch, channels, size = shape[0], shape[1], shape[2] * shape[3]
    normed = fixed["norm"] != "none"
    tile, block, warps = configuration or plan_blocked(n, size, dtype.itemsize, normed)
    vector = vector_width(size, dtype.itemsize)
    tiles, pieces = -(-n // tile), -(-size // block)
    copies = -(-channels // (2 * tile)) if normed else 0
    items = tiles * (tiles + 1) // 2 + copies
    fixed |= {"tile": tile, "block": block, "vector": vector, "num_warps": warps}
    return Launch(
        blocked, (batch * items * pieces,), (tiles, items, copies, pieces, channels, n, size // vector), fixed
    )


def _flat(
    shape: torch.Size, n: int, dtype: torch.dtype, fixed: dict[str, Any], configuration: Configuration | None
) -> Launch:
    batch, channels, size = shape[0], shape[1], shape[2] * shape[3]
    sample = size * (n * (n - 1) // 2 + (channels if fixed["norm"] != "none" else 0))
    total = batch * sample
    _, block, warps = configuration or plan_flat(total, size, dtype.itemsize, fixed["norm"] != "none")
    offset = tl.int64 if max(batch * channels * size, size + block) >= 2**31 else tl.int32
    unit = vector_width(size, dtype.itemsize)
    fixed |= {"offset": offset, "block": block, "unit": unit, "small": size < block, "tiny": sample < block}
    fixed["num_warps"] = warps
    return Launch(flat, (-(-total // block),), (total // unit, channels, n, size // unit), fixed)


def backward(
    grad: Tensor, x: Tensor, index: Tensor | None, grad_x: Tensor, configuration: Configuration | None = None
) -> None:
    """grad_x[b, c] = sum over positions i of channel c and all j != i of grad[b, pair(i, j)] * z[b, j].

    grad: (B, P, H, W).
    x, grad_x: (B, C, H, W).
    index: (B, n) int64 or None; a value outside [0, C) has no gradient, and makes those of its partners NaN.
    Sums are made in float32 (float64 for float64), in one order, and rounded once.
    """
    n = x.shape[1] if index is None else index.shape[1]
    planned, _ = _gradients(x.shape, n, x.dtype, index is not None, "none", configuration)
    index_or_x = x if index is None else index
    launch(planned.kernel, planned.grid, x, (grad, x, index_or_x, x, x, grad_x, x, *planned.sizes), planned.fixed)


def expand_backward(
    grad: Tensor,
    x: Tensor,
    index: Tensor,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str,
    grad_x: Tensor,
    configuration: Configuration | None = None,
) -> Tensor:
    """Fills grad_x (B, C, H, W) from grad (B, C + P, H, W); the other arguments as for `expand`.

    Returns sums (parts, 3, P) in the dtype of alpha, over disjoint parts of batch and map, for the caller to add up:
    0 is the gradient of weight, 1 that of bias, 2 that of alpha before its sum over the pairs.
    """
    del bias  # an offset has no say in any gradient
    n = index.shape[1]
    planned, parts = _gradients(x.shape, n, x.dtype, True, norm, configuration)
    sums = torch.empty((parts, 3, n * (n - 1) // 2), dtype=alpha.dtype, device=x.device)
    arguments = (grad, x, index, alpha, weight, grad_x, sums, *planned.sizes)
    launch(planned.kernel, planned.grid, x, arguments, planned.fixed)
    return sums


@lru_cache(maxsize=1024)
def _gradients(
    shape: torch.Size, n: int, dtype: torch.dtype, selected: bool, norm: str, configuration: Configuration | None
) -> tuple[Launch, int]:
    """The launch that makes the gradient, and into how many parts its sums are cut."""
    batch, channels, size = shape[0], shape[1], shape[2] * shape[3]
    tile, block, warps = configuration or plan_backward(batch, n, size, dtype.itemsize, norm != "none")
    rows = tile or max(16, power_of_two(n))
    pieces, vector = -(-size // block), vector_width(size, dtype.itemsize)
    fixed = {"norm": norm, "selected": selected, "wide": accumulator(dtype)}
    fixed |= {"rows": rows, "block": block, "vector": vector, "num_warps": warps}
    owners = channels + 1 if norm != "none" else channels
    kernel, grid = (owner, (batch * owners * pieces,)) if tile else (columns, (batch * pieces,))
    return Launch(kernel, grid, (pieces, channels, n, size // vector), fixed), batch * pieces
