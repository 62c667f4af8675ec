"""The eager definition through torch.compile, one compiled function per shape: the strongest form it has."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from impls.compiled import compiled, why_not
from impls.cross_hadamard.contract import check_index_values
from impls.cross_hadamard.launching import launch_of
from impls.cross_hadamard.pairs import pair_indices
from impls.cross_hadamard.torch_eager import selected
from impls.cross_hadamard.torch_select import products
from opbench import Backend
from opbench.errors import MachineError

if TYPE_CHECKING:
    from torch import Tensor


def _plain(x: Tensor, i: Tensor, j: Tensor) -> Tensor:
    return products(x, i, j)


def _mixed(x: Tensor, index: Tensor, i: Tensor, j: Tensor) -> Tensor:
    return products(selected(x, index), i, j)


@lru_cache(maxsize=256)
def _function(key: tuple[object, ...]) -> Callable[..., Tensor]:
    """One compiled function per layout: static shapes, and no guard list that grows with every shape seen."""
    return compiled(_mixed if key[0] else _plain)


def compute(x: Tensor, index: Tensor | None = None, out: Tensor | None = None) -> Tensor:
    """The public function's contract, arguments checked but for the index values."""
    if index is not None:
        check_index_values(index, x.shape[1])
    i, j = pair_indices(x.shape[1] if index is None else index.shape[1], x.device)
    key = (index is not None, x.shape, x.stride(), x.dtype, x.device, x.requires_grad, i.shape)
    function = _function(key)
    y = function(x, i, j) if index is None else function(x, index, i, j)
    if out is not None:
        return out.copy_(y)
    return y.contiguous()


def require(device: str) -> None:
    """Raises MachineError where torch.compile has no compiler to hand its code to."""
    if reason := why_not(device):
        raise MachineError(f"torch_compile cannot run on {device}: {reason}")


BACKEND = Backend(
    about="torch.compile of the eager definition, static shapes",
    prepare=launch_of("torch_compile"),
    unavailable=why_not,
)
