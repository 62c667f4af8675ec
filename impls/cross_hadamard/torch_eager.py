"""Gather and multiply, in PyTorch's own operators: what the paper calls native, and the baseline of every ratio.

Both gathers write a tensor of the output's size before the product reads them again, so this moves five
times the output's bytes (two writes and two reads more than needed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard.contract import check_index_values
from impls.cross_hadamard.launching import launch_of
from impls.cross_hadamard.pairs import pair_indices
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor


def selected(x: Tensor, index: Tensor) -> Tensor:
    """z (B, k, *spatial) with z[b, i] = x[b, index[b, i]]."""
    shape = (*index.shape, *(1,) * (x.dim() - 2))
    return x.gather(1, index.view(shape).expand(*index.shape, *x.shape[2:]))


def products(z: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """z[:, i] * z[:, j]: the whole operator, once the pairs are known."""
    return z.index_select(1, i) * z.index_select(1, j)


def compute(x: Tensor, index: Tensor | None = None, out: Tensor | None = None) -> Tensor:
    """The public function's contract, arguments checked but for the index values."""
    if index is not None:
        check_index_values(index, x.shape[1])
        x = selected(x, index)
    i, j = pair_indices(x.shape[1], x.device)
    if out is not None:
        return torch.mul(x.index_select(1, i), x.index_select(1, j), out=out)
    return products(x, i, j).contiguous()


def require(_: str) -> None:
    """Eager runs wherever PyTorch does."""


BACKEND = Backend(
    about="gather both factors, multiply (the paper's native)",
    prepare=launch_of("torch_eager"),
    modes=frozenset({"forward", "out"}),
)
