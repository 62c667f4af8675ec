"""What a plan costs beside the product in few bits: operations and bytes, counted from sizes alone.

An inner transform counts as log2(BLOCK) additions an element, as butterflies do it; sums of squares as a multiply-add
each. A high-precision multiply-add is counted as one too: how much dearer it is depends on the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from impls.low_precision.products.product import BLOCK

if TYPE_CHECKING:
    from impls.low_precision.formats.stored import Format
    from impls.low_precision.products.treatments import Plan

HIGH = 2
"""Bytes of bfloat16."""
PLACE = 4
"""Bytes of the number that says where something extracted came from."""


class Cost(NamedTuple):
    """low, high: multiply-adds in few bits and in bfloat16. other: additions of transforms, squares of decisions.

    bytes: of both operands as they are stored for the product, with what of them is there in bfloat16 too.
    """

    low: int
    high: int
    other: int
    bytes: int

    @property
    def extra(self) -> int:
        return self.high + self.other


def cost(plan: Plan, rows: int, columns: int, inner: int, kept: Format) -> Cost:
    """Of a (rows, inner) times b (columns, inner).

    Rows that go their own way are not stored in few bits, and need the other operand in bfloat16; places of the
    contraction stay, as zeros, so that blocks stay.
    """
    rest_rows, rest_columns = rows - plan.rows, columns - plan.columns
    stored = -(-inner // BLOCK) * BLOCK if plan.transform else inner
    high = (rows * columns - rest_rows * rest_columns) * inner + plan.inner * rest_rows * rest_columns
    return Cost(
        low=rest_rows * rest_columns * stored,
        high=high,
        other=_transforms(plan, rest_rows + rest_columns, stored) + plan.measures * (rows + columns) * inner,
        bytes=-(-kept.bits(rest_rows, stored) // 8)
        + -(-kept.bits(rest_columns, stored) // 8)
        + _in_high(plan, rows, columns, inner) * HIGH
        + (plan.rows + plan.columns + plan.inner) * PLACE,
    )


def _transforms(plan: Plan, rows: int, stored: int) -> int:
    return rows * stored * (BLOCK.bit_length() - 1 + plan.signs) if plan.transform else 0


def _in_high(plan: Plan, rows: int, columns: int, inner: int) -> int:
    """Elements: an operand's rows that are extracted, all of it where the other has such, or places of both."""
    of_a = rows if plan.columns else plan.rows
    of_b = columns if plan.rows else plan.columns
    return (of_a + of_b) * inner + (rows - of_a + columns - of_b) * plan.inner
