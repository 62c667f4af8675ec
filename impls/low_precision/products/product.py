"""a b^T of quantised operands, after a plan: extracted parts in bfloat16, the rest transformed and in few bits.

Operands are quantised exactly as their format says. Products of them are summed in the dtype of choice, float64 where
errors are measured: how a device orders and rounds its sums is not emulated.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from impls.hadamard_transform.matrices import matrix_of
from impls.low_precision.formats.blocks import in_blocks
from impls.low_precision.products.patterns import largest

if TYPE_CHECKING:
    from torch import Tensor

    from impls.low_precision.formats.stored import Format
    from impls.low_precision.products.treatments import Plan

BLOCK = 32
"""Elements that are transformed together: an MX block, so that no scale sees another block's outlier."""

SIGNS_SEED = 20


def product(
    a: Tensor,
    b: Tensor,
    plan: Plan,
    kept: Format,
    random: torch.Generator | None = None,
    sums: torch.dtype = torch.float64,
) -> Tensor:
    """a: (rows, inner), b: (columns, inner), float32. (rows, columns) in `sums`.

    random: rounds both operands stochastically. Raises ValueError for shapes that do not fit, and as the format does.
    """
    if a.dim() != 2 or b.dim() != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"a is {tuple(a.shape)} and b {tuple(b.shape)}; expected (rows, inner) and (columns, inner)")
    rows, columns = largest(a, plan.rows), largest(b, plan.columns)
    between = _largest_inner(a, b, plan.inner)
    rest_a, rest_b = (_without(x, own, between) for x, own in ((a, rows), (b, columns)))
    if plan.transform:
        rest_a, rest_b = (inner_transform(x, signs=plan.signs) for x in (rest_a, rest_b))
    out = kept.rounded(rest_a, random).to(sums) @ kept.rounded(rest_b, random).to(sums).T
    high_a, high_b = (x.bfloat16().to(sums) for x in (a, b))
    if plan.inner:
        out += high_a[:, between] @ high_b[:, between].T
    if plan.rows:
        out[rows] = high_a[rows] @ high_b.T
    if plan.columns:
        out[:, columns] = high_a @ high_b[columns].T
    return out


def inner_transform(x: Tensor, *, signs: bool = False) -> Tensor:
    """x: (rows, inner), float32. Each block of BLOCK columns times the orthonormal Hadamard matrix of that order.

    Columns are filled with zeros to whole blocks. Two operands keep their product, but for rounding.
    """
    blocks = in_blocks(x, BLOCK)
    if signs:
        blocks = blocks * _signs(blocks.shape[-2] * BLOCK).view(-1, BLOCK)
    return torch.matmul(blocks, _matrix()).flatten(-2)


@lru_cache(maxsize=1)
def _matrix() -> Tensor:
    return (matrix_of(BLOCK) / math.sqrt(BLOCK)).float()


@lru_cache(maxsize=64)
def _signs(count: int) -> Tensor:
    """(count,) of +-1, the same ones for every operand of that length."""
    drawn = torch.randint(2, (count,), generator=torch.Generator().manual_seed(SIGNS_SEED))
    return 1.0 - 2.0 * drawn


def _largest_inner(a: Tensor, b: Tensor, count: int) -> Tensor:
    return largest((a.square().sum(0) * b.square().sum(0)).sqrt()[:, None], count)


def _without(x: Tensor, rows: Tensor, inner: Tensor) -> Tensor:
    """x with zeros there, which change no scale of another row."""
    if not len(rows) and not len(inner):
        return x
    return x.index_fill(0, rows, 0).index_fill(1, inner, 0)
