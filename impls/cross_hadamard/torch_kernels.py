"""Kernels made of PyTorch's own operators, one after the other; the two eager backends differ in one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.cross_hadamard import steps
from impls.cross_hadamard.contract import check_index_values
from impls.cross_hadamard.kernels import Kernels

if TYPE_CHECKING:
    from torch import Tensor

    from impls.cross_hadamard.kernels import Gradients
    from impls.cross_hadamard.steps import Products


def kernels_of(products: Products) -> Kernels:
    """The whole family with the pairs multiplied by `products`."""

    def forward(x: Tensor, index: Tensor | None, out: Tensor | None, _: str) -> Tensor:
        check_index_values(x, index)
        pairs = steps.pairs_of(x, index, steps.pairs_for(x, index), products, out)
        return pairs.contiguous() if out is None else out

    def backward(grad: Tensor, x: Tensor, index: Tensor | None) -> Tensor:
        return steps.gradient(grad.contiguous(), x, index, steps.tables_for(x, index)).contiguous()

    def expand(x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, _: str) -> Tensor:
        check_index_values(x, index)
        ij = steps.pairs_for(x, index)
        return steps.expansion(x, index, alpha, weight, bias, norm, ij, products).contiguous()

    def expand_backward(
        grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str
    ) -> Gradients:
        tables = steps.tables_for(x, index)
        gradients = steps.expansion_gradients(grad, x, index, alpha, weight, bias, norm, tables, products)
        return gradients[0].contiguous(), *gradients[1:]

    return Kernels(forward, backward, expand, expand_backward)
