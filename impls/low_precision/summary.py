"""Recorded products drawn together: by what is alike in them, how much error each treatment leaves, and its cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from impls.low_precision.comparison import Compared
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.student import mean_interval

NEAR = 1.05
"""Of the least error: as good as it, where something cheaper leaves no more."""


@dataclass(frozen=True)
class Cell:
    """Products of one kind (and pattern) in one format.

    products: how many. error: relative, plain, geometric mean. ratios: by treatment, of its error to plain's.
    Intervals are 95 % over seeds, of the mean of logarithms over layers; of one seed without an end.
    extra: by treatment, operations beside those of the plain product, in shares of its multiply-adds; bytes: operands,
    in multiples of plain's. Both are means over the products.
    """

    kind: str
    patterns: str
    kept: str
    products: int
    error: Interval
    ratios: Mapping[str, Interval]
    extra: Mapping[str, float]
    bytes: Mapping[str, float]

    @property
    def chosen(self) -> str:
        """The cheapest by operations of those whose error is no more than NEAR times the least."""
        least = min(ratio.mid for ratio in self.ratios.values())
        near = [name for name, ratio in self.ratios.items() if ratio.mid <= NEAR * least]
        return min(near, key=lambda name: self.extra[name])


def patterns_of(one: Compared) -> str:
    """Of both operands, such as "row-wise, none"."""
    return ", ".join(each.pattern().value for each in one.concentrations)


def cells(found: Sequence[Compared], *, by_pattern: bool) -> list[Cell]:
    """One for each kind, and pattern where asked, and format; in the order of the first product of each."""
    groups: dict[tuple[str, str], list[Compared]] = {}
    for one in found:
        groups.setdefault((one.kind, patterns_of(one) if by_pattern else "all"), []).append(one)
    return [
        _cell(kind, patterns, kept, group) for (kind, patterns), group in groups.items() for kept in group[0].errors
    ]


def _cell(kind: str, patterns: str, kept: str, group: Sequence[Compared]) -> Cell:
    treatments = list(group[0].errors[kept])

    def extra(one: Compared, name: str) -> float:
        costs = one.costs[kept]
        return (costs[name].low + costs[name].extra) / costs["plain"].low - 1

    return Cell(
        kind,
        patterns,
        kept,
        len(group),
        _over_seeds(group, lambda one: one.errors[kept]["plain"]),
        {name: _over_seeds(group, _ratio(kept, name)) for name in treatments},
        {name: _mean(extra(one, name) for one in group) for name in treatments},
        {
            name: _mean(one.costs[kept][name].bytes / one.costs[kept]["plain"].bytes for one in group)
            for name in treatments
        },
    )


def _ratio(kept: str, name: str) -> Callable[[Compared], float]:
    return lambda one: one.errors[kept][name] / one.errors[kept]["plain"]


def _over_seeds(group: Iterable[Compared], value: Callable[[Compared], float]) -> Interval:
    logs: dict[int, list[float]] = {}
    for one in group:
        logs.setdefault(one.seed, []).append(math.log(value(one)))
    found = mean_interval([_mean(each) for each in logs.values()])
    return Interval(math.exp(found.low), math.exp(found.mid), math.exp(found.high))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed)
