"""Changes its inputs while it is timed, so that what comes after is wrong, or easier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaving import kind, later, right

if TYPE_CHECKING:
    from torch import Tensor


def drifting(x: Tensor, offset: Tensor) -> Tensor:
    y = right(x, offset)
    x.mul_(1.001)
    return y


def behind(x: Tensor, offset: Tensor) -> Tensor:
    """Where PyTorch does not count it."""
    y = right(x, offset)
    x.data[-1] += 1
    return y


def emptying(x: Tensor, offset: Tensor) -> Tensor:
    y = right(x, offset)
    x.zero_()
    return y


def moving_offset(x: Tensor, offset: Tensor) -> Tensor:
    offset.add_(1)
    return right(x, offset)


def hidden_offset(x: Tensor, offset: Tensor) -> Tensor:
    """Nothing to add any more."""
    offset.data.zero_()
    return 2 * x


BACKEND = kind(
    __doc__ or "",
    drifting=later(drifting),
    behind=later(behind),
    emptying=later(emptying),
    moving_offset=later(moving_offset),
    hidden_offset=later(hidden_offset),
)
