"""The transform in PyTorch's own operators: stages of butterflies, and the sums of a matrix of another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.hadamard_transform.matrices import of_order
from impls.hadamard_transform.orders import factored

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Combine = Callable[[Tensor, int, bool], Tensor]


def butterflies(x: Tensor) -> Tensor:
    """Sylvester's transform of the last axis of x (..., 2^k), stage by stage: (a, b) becomes (a + b, a - b)."""
    shape, length, distance = x.shape, x.shape[-1], 1
    while distance < length:
        pairs = x.reshape(*shape[:-1], length // (2 * distance), 2, distance)
        first, second = pairs[..., 0, :], pairs[..., 1, :]
        x = torch.stack((first + second, first - second), dim=-2)
        distance *= 2
    return x.reshape(shape)


def by_sums(x: Tensor, order: int, transposed: bool) -> Tensor:
    """x (..., order, length) times the matrix of this order along the axis before the last, by additions alone."""
    matrix = of_order(order)
    signs: list[list[float]] = (matrix.T if transposed else matrix).tolist()
    terms = x.unbind(-2)
    sums = []
    for row in signs:
        total = terms[0]  # the first column is positive
        for sign, term in zip(row[1:], terms[1:], strict=True):
            total = total + term if sign > 0 else total - term
        sums.append(total)
    return torch.stack(sums, dim=-2)


def by_matrix(x: Tensor, order: int, transposed: bool) -> Tensor:
    """What `by_sums` computes, as a matrix product."""
    matrix = of_order(order).to(x.device, x.dtype)
    return (matrix.T if transposed else matrix) @ x


def transform(
    x: Tensor,
    block: int,
    scale: float,
    before: Tensor | None = None,
    after: Tensor | None = None,
    *,
    transposed: bool = False,
    combine: Combine = by_sums,
) -> Tensor:
    """scale * after * H (before * x) along the last axis of x (..., size), within blocks; H^T where transposed.

    before, after: (size,) or None. combine: how the matrix of an order other than 1 is multiplied.
    """
    order, length = factored(block)
    shape = x.shape
    y = x if before is None else x * before
    y = butterflies(y.reshape(*shape[:-1], shape[-1] // length, length))
    if order > 1:
        y = combine(y.reshape(*shape[:-1], shape[-1] // block, order, length), order, transposed)
    y = y.reshape(shape)
    y = y if after is None else y * after
    y = y if scale == 1 else y * scale
    return y.clone() if block == 1 else y  # of which nothing may be left but x itself
