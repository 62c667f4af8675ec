"""x[:, i] * x[:, j], as one writes it down: what the paper calls native, and the baseline of the ratios.

Both gathers write a tensor of the output's size before the product reads them again, so this moves five
times the output's bytes. `torch_select` gathers the same way, but half as slowly.
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


def channels_and_pairs(x: Tensor, index: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """The channels to multiply, z (B, n, *spatial), and the pairs of them, i and j (P,).

    Raises IndexError for an index value outside 0 <= index < C.
    """
    if index is not None:
        check_index_values(index, x.shape[1])
        x = selected(x, index)
    return x, *pair_indices(x.shape[1], x.device)


def compute(x: Tensor, index: Tensor | None = None, out: Tensor | None = None) -> Tensor:
    """The public function's contract, arguments checked but for the index values."""
    z, i, j = channels_and_pairs(x, index)
    if out is not None:
        return torch.mul(z[:, i], z[:, j], out=out)
    return (z[:, i] * z[:, j]).contiguous()


def require(_: str) -> None:
    """Eager runs wherever PyTorch does."""


BACKEND = Backend(
    about="x[:, i] * x[:, j] (the paper's native)",
    prepare=launch_of("torch_eager"),
    modes=frozenset({"forward", "out"}),
)
