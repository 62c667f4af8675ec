"""What is done to two operands before they are quantised: nothing, an inner transform, extraction, or what fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from impls.low_precision.products.patterns import THRESHOLD, Pattern, concentration, part_of
from opbench.errors import unknown

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Plan:
    """For operands a (rows, inner) and b (columns, inner), whose product is a b^T.

    transform: both along the contraction, in blocks. signs: after random signs, the same for both.
    rows, columns: how many of a's and b's rows go a path of their own in high precision, the largest first.
    inner: how many places of the contraction do, those with the largest products of norms.
    measures: whether the operands' sums of squares are taken to decide.
    """

    transform: bool = False
    signs: bool = False
    rows: int = 0
    columns: int = 0
    inner: int = 0
    measures: bool = False


Treatment: TypeAlias = "Callable[[Tensor, Tensor], Plan]"
"""From the operands, (rows, inner) and (columns, inner), float32, to what is done to them."""


def plain(a: Tensor, b: Tensor) -> Plan:
    del a, b
    return Plan()


def transformed(a: Tensor, b: Tensor) -> Plan:
    """The inner Hadamard transform."""
    del a, b
    return Plan(transform=True)


def signed(a: Tensor, b: Tensor) -> Plan:
    """The inner Hadamard transform of what random signs were multiplied with."""
    del a, b
    return Plan(transform=True, signs=True)


def outer(a: Tensor, b: Tensor) -> Plan:
    """Extraction of a 32nd of the rows of both, whatever the pattern."""
    return Plan(rows=part_of(len(a)), columns=part_of(len(b)), measures=True)


def inner(a: Tensor, b: Tensor) -> Plan:
    """Extraction of a 32nd of the contraction, whatever the pattern."""
    del b
    return Plan(inner=part_of(a.shape[1]), measures=True)


def transformed_outer(a: Tensor, b: Tensor) -> Plan:
    """`outer`, and the rest transformed."""
    return Plan(transform=True, rows=part_of(len(a)), columns=part_of(len(b)), measures=True)


def transformed_inner(a: Tensor, b: Tensor) -> Plan:
    """`inner`, and the rest transformed."""
    del b
    return Plan(transform=True, inner=part_of(a.shape[1]), measures=True)


def adaptive(a: Tensor, b: Tensor, threshold: float = THRESHOLD) -> Plan:
    """The inner transform, and rows extracted of each operand that is row-wise: AdaHOP's assignment, by our rule."""
    rows, columns = (
        part_of(len(each)) if concentration(each).pattern(threshold) is Pattern.ROWS else 0 for each in (a, b)
    )
    return Plan(transform=True, rows=rows, columns=columns, measures=True)


def by_pattern(a: Tensor, b: Tensor, threshold: float = THRESHOLD) -> Plan:
    """No transform: rows extracted of what is row-wise, places of the contraction where an operand is column-wise."""
    kinds = [concentration(each).pattern(threshold) for each in (a, b)]
    rows, columns = (
        part_of(len(each)) if kind is Pattern.ROWS else 0 for each, kind in zip((a, b), kinds, strict=True)
    )
    between = part_of(a.shape[1]) if Pattern.COLUMNS in kinds else 0
    return Plan(rows=rows, columns=columns, inner=between, measures=True)


TREATMENTS: Mapping[str, Treatment] = {
    "plain": plain,
    "transform": transformed,
    "signed transform": signed,
    "rows": outer,
    "inner": inner,
    "transform + rows": transformed_outer,
    "transform + inner": transformed_inner,
    "adaptive": adaptive,
    "by pattern": by_pattern,
}


def treatment_of(name: str) -> Treatment:
    """Raises UsageError for a name that does not exist."""
    if name not in TREATMENTS:
        raise unknown("treatment", name, TREATMENTS, "of low precision")
    return TREATMENTS[name]
