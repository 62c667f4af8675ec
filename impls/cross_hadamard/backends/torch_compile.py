"""The eager steps through torch.compile, one compiled function per layout: the strongest form it has."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch

from impls.compiled import compiled, preparing, why_not
from impls.cross_hadamard import steps
from impls.cross_hadamard.backend_entry import backend_of
from impls.cross_hadamard.contract import check_index_values
from impls.cross_hadamard.kernels import Kernels

if TYPE_CHECKING:
    from torch import Tensor

    from impls.cross_hadamard.kernels import Gradients


def _pairs(x: Tensor, index: Tensor | None, ij: tuple[Tensor, Tensor]) -> Tensor:
    return steps.pairs_of(x, index, ij, steps.gathered)


def _gradient(grad: Tensor, x: Tensor, index: Tensor | None, tables: steps.Tables) -> Tensor:
    return steps.gradient(grad, x, index, tables)


def _expansion(
    x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, ij: tuple[Tensor, Tensor]
) -> Tensor:
    return steps.expansion(x, index, alpha, weight, bias, norm, ij, steps.gathered)


def _expansion_gradients(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, tables: steps.Tables
) -> Gradients:
    return steps.expansion_gradients(grad, x, index, alpha, weight, bias, norm, tables, steps.gathered)


def forward(x: Tensor, index: Tensor | None, out: Tensor | None, _: str) -> Tensor:
    check_index_values(x, index)
    pairs: Tensor = _run(_pairs, x, index, steps.pairs_for(x, index))
    return pairs.contiguous() if out is None else out.copy_(pairs)


def backward(grad: Tensor, x: Tensor, index: Tensor | None) -> Tensor:
    of_x: Tensor = _run(_gradient, grad.contiguous(), x, index, steps.tables_for(x, index))
    return of_x.contiguous()


def expand(x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, _: str) -> Tensor:
    check_index_values(x, index)
    expanded: Tensor = _run(_expansion, x, index, alpha, weight, bias, norm, steps.pairs_for(x, index))
    return expanded.contiguous()


def expand_backward(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str
) -> Gradients:
    tables = steps.tables_for(x, index)
    gradients: Gradients = _run(_expansion_gradients, grad, x, index, alpha, weight, bias, norm, tables)
    return gradients[0].contiguous(), *gradients[1:]


def _run(plain: Callable[..., Any], *arguments: Any) -> Any:
    # Without gradients: they are registered for the public operators, and a graph that saves for one is slower.
    tensors = tuple(map(_detached, arguments))
    with torch.no_grad():
        return _function(plain, tuple(map(_layout, tensors)))(*tensors)


def _detached(argument: Any) -> Any:
    return argument.detach() if isinstance(argument, torch.Tensor) and argument.requires_grad else argument


def _layout(argument: Any) -> object:
    if isinstance(argument, torch.Tensor):
        return argument.shape, argument.stride(), argument.dtype, argument.device
    return argument if isinstance(argument, str) else argument is None


@lru_cache(maxsize=256)
def _function(plain: Callable[..., Any], layout: tuple[object, ...]) -> Callable[..., Any]:
    """One compiled function per layout: static shapes, and no guard list that grows with every shape seen."""
    del layout
    return compiled(plain)


KERNELS = Kernels(forward, backward, expand, expand_backward)

BACKEND = backend_of(
    "torch_compile",
    kind="compiler",
    look=("#E69F00", "^"),
    about="torch.compile of the eager definition, static shapes",
    unavailable=why_not,
    preparing=preparing,
)
