"""From which concentration on is it worth extracting rows? Adaptive treatment at each threshold, error against cost.

python -m impls.low_precision.threshold                  # seeds that the study does not use; a minute or two

Products are recorded as the study's are. Between thresholds of 0.2 and 0.5 errors
hardly differ; `products/patterns.py` keeps 0.3, which leaves 6 % more than the least for a sixth of its extraction.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from impls.hadaptive.training.command import numbers, use_threads
from impls.low_precision.command import printed
from impls.low_precision.comparison import relative_error
from impls.low_precision.formats.names import format_of
from impls.low_precision.layers.recording import recorded
from impls.low_precision.products.counting import cost
from impls.low_precision.products.patterns import Pattern, concentration
from impls.low_precision.products.product import product
from impls.low_precision.products.treatments import adaptive

if TYPE_CHECKING:
    from torch import Tensor

    from impls.low_precision.layers.recording import Layer

FORMATS = ("mxfp4", "int4_row")
GRID = (*(tenth / 10 for tenth in range(10)), 1.01)
"""Tenths: from extraction of everything that is more row-wise than column-wise, to none."""


class At(NamedTuple):
    """error: geometric mean over products, relative. extracted: mean share of multiply-adds in bfloat16."""

    error: float
    extracted: float
    operands: float
    """Share of the operands that are row-wise by it."""


def at_each(layers: Sequence[Layer], kept: str) -> dict[float, At]:
    """By threshold. Each product is computed once for every set of operands that are row-wise by one of them."""
    found: dict[float, list[tuple[float, float, float]]] = {threshold: [] for threshold in GRID}
    for layer in layers:
        for _, a, b in layer.products():
            right = a.double() @ b.double().T
            if not bool(right.any()):
                continue
            known: dict[tuple[bool, bool], tuple[float, float, float]] = {}
            for threshold in GRID:
                which = _row_wise(a, threshold), _row_wise(b, threshold)
                if which not in known:
                    known[which] = (*_measured(a, b, right, threshold, kept), sum(which) / 2)
                found[threshold].append(known[which])
    return {
        threshold: At(math.exp(_mean(each, 0)), _mean(each, 1), _mean(each, 2)) for threshold, each in found.items()
    }


def _row_wise(x: Tensor, threshold: float) -> bool:
    return concentration(x).pattern(threshold) is Pattern.ROWS


def _measured(a: Tensor, b: Tensor, right: Tensor, threshold: float, kept: str) -> tuple[float, float]:
    """Logarithm of the relative error, and the share of multiply-adds in bfloat16."""
    plan = adaptive(a, b, threshold)
    spent = cost(plan, len(a), len(b), a.shape[1], format_of(kept))
    wrong = product(a, b, plan, format_of(kept))
    return math.log(relative_error(wrong, right)), spent.high / (len(a) * len(b) * a.shape[1])


def _mean(rows: Sequence[tuple[float, float, float]], column: int) -> float:
    return math.fsum(row[column] for row in rows) / len(rows)


def table(layers: Sequence[Layer]) -> Iterator[str]:
    """Markdown."""
    by_format = {kept: at_each(layers, kept) for kept in FORMATS}
    named = " | ".join(f"error in {kept}, %" for kept in FORMATS)
    yield f"| threshold | operands row-wise, % | in bfloat16, % | {named} |"
    yield f"|---|---|---|{'---|' * len(FORMATS)}"
    for threshold in GRID:
        row = [by_format[kept][threshold] for kept in FORMATS]
        errors = " | ".join(f"{100 * one.error:.2f}" for one in row)
        yield f"| {threshold:g} | {100 * row[0].operands:.1f} | {100 * row[0].extracted:.2f} | {errors} |"


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 no scikit-learn."""
    from impls.low_precision.layers.models import MODELS, STEPS, train

    parser = argparse.ArgumentParser(prog="python -m impls.low_precision.threshold", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="100,101", help="comma-separated")
    given = parser.parse_args(words)

    def lines() -> Iterator[str]:
        use_threads(1)
        layers = []
        for seed in numbers("--seeds", given.seeds):
            for name, make in MODELS.items():
                trainee = make(seed)
                train(trainee, STEPS[name])
                layers += recorded(trainee.model, next(trainee.losses))
        yield from table(layers)

    return printed("threshold", lines)


if __name__ == "__main__":
    sys.exit(main())
