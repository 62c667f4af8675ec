"""Where an operand's outliers lie: in rows, in columns, or in neither. Columns are along the contraction.

A row-wise operand has its squares in few rows. Each row has scales of its own, so a transform within rows changes
nothing about that; the error is where the squares are. A column-wise one has them in few places of every row, which is
what an inner transform spreads. The three types are AdaHOP's (its abstract); the rule is ours.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

PART = 32
"""A 32nd of the rows, or of the columns, rounded up, is looked at, and is what extraction takes."""

THRESHOLD = 0.3
"""Of the excess from which on an operand is row-wise or column-wise: `python -m impls.low_precision.threshold`."""


class Pattern(Enum):
    ROWS = "row-wise"
    COLUMNS = "column-wise"
    NONE = "none"


class Concentration(NamedTuple):
    """By the largest 32nd: how much of the squares it has beyond its share; 0 for its share, 1 for all of them."""

    rows: float
    columns: float

    def pattern(self, threshold: float = THRESHOLD) -> Pattern:
        """The larger of the two where it reaches the threshold, rows first where they are equal."""
        if max(self) < threshold:
            return Pattern.NONE
        return Pattern.ROWS if self.rows >= self.columns else Pattern.COLUMNS


def part_of(count: int) -> int:
    """A 32nd, rounded up; 0 of 0 and of 1, whose only row would be all there is."""
    return -(-count // PART) if count > 1 else 0


def concentration(x: Tensor) -> Concentration:
    """x: (rows, columns). 0 for both of an operand of zeros, or of no elements."""
    squares = x.double().square()
    return Concentration(_excess(squares.sum(1)), _excess(squares.sum(0)))


def largest(x: Tensor, count: int) -> Tensor:
    """Positions, int64, of the `count` rows of x (rows, columns) with the largest sums of squares, in their order."""
    return x.square().sum(1).topk(count).indices.sort().values


def _excess(sums: Tensor) -> float:
    count, total = part_of(len(sums)), float(sums.sum())
    if count == 0 or total == 0:
        return 0.0
    fair = count / len(sums)
    return max(float(sums.topk(count).values.sum()) / total - fair, 0.0) / (1 - fair)
