"""Leaves part of the work out once it was checked: ends, odd remainders, stripes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaving import Compute, kind, later, right

if TYPE_CHECKING:
    from torch import Tensor


def but(first: int | None, last: int | None, step: int | None = None) -> Compute:
    """All but this slice, where zeros are."""

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        y = right(x, offset)
        y[first:last:step] = 0
        return y

    return compute


def but_the_remainder(x: Tensor, offset: Tensor) -> Tensor:
    y = right(x, offset)
    y[len(y) // 8 * 8 :] = 0
    return y


def but_a_stripe(x: Tensor, offset: Tensor) -> Tensor:
    y = right(x, offset)
    y[len(y) // 2 : len(y) // 2 + max(1, len(y) // 50)] = 0
    return y


BACKEND = kind(
    __doc__ or "",
    last=later(but(-1, None)),
    first=later(but(0, 1)),
    last_row=later(but(-37, None)),
    every_second=later(but(1, None, 2)),
    one_in_97=later(but(5, None, 97)),
    remainder=later(but_the_remainder),
    stripe=later(but_a_stripe),
)
