"""Markdown of the study, a table each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from impls.hadaptive.ablation.estimates import in_percent
from impls.low_precision.comparison import Compared
from impls.low_precision.layers.training import Arm, Ended
from impls.low_precision.summary import Cell, patterns_of
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.student import mean_interval


def patterns(found: Sequence[Compared]) -> Iterator[str]:
    """How many products have which pattern, by model."""
    models = list(dict.fromkeys(one.model for one in found))
    counts = Counter((one.kind, patterns_of(one), one.model) for one in found)
    yield from _header("product", "patterns of its operands", *models)
    for kind, pair in dict.fromkeys((one.kind, patterns_of(one)) for one in found):
        yield _row(kind, pair, *(str(counts[kind, pair, model]) for model in models))


def errors(cells: Sequence[Cell]) -> Iterator[str]:
    """Relative error of the plain product in percent, and of every treatment in multiples of it."""
    treated = [name for name in cells[0].ratios if name != "plain"]
    yield from _header("product", "format", "plain, %", *treated)
    for cell in cells:
        plain = _told(cell.error, 100, "{:.3g}")
        yield _row(cell.kind, cell.kept, plain, *(_told(cell.ratios[name], 1, "{:.2f}") for name in treated))


def costs(cells: Sequence[Cell], kept: str) -> Iterator[str]:
    """Of one format: operations beside the product's, and bytes of the operands."""
    shown = [cell for cell in cells if cell.kept == kept]
    treated = [name for name in shown[0].ratios if name != "plain"]
    yield from _header(f"product, {kept}", "", *treated)
    for cell in shown:
        yield _row(cell.kind, "operations more, %", *(f"{100 * cell.extra[name]:.1f}" for name in treated))
        yield _row("", "bytes, times plain's", *(f"{cell.bytes[name]:.2f}" for name in treated))


def choices(cells: Sequence[Cell]) -> Iterator[str]:
    """By kind and pattern, in each format the cheapest treatment of those with about the least error."""
    formats = list(dict.fromkeys(cell.kept for cell in cells))
    by = {(cell.kind, cell.patterns, cell.kept): cell for cell in cells}
    yield from _header("product", "patterns", "products", *formats)
    for kind, pair in dict.fromkeys((cell.kind, cell.patterns) for cell in cells):
        row = [by[kind, pair, kept] for kept in formats]
        told = (f"{cell.chosen}, {cell.ratios[cell.chosen].mid:.2f}" for cell in row)
        yield _row(kind, pair, str(row[0].products), *told)


def trainings(ended: Mapping[Arm, Sequence[Ended]]) -> Iterator[str]:
    """Loss at the end and over all steps, and right answers; means over seeds with 95 % intervals."""
    yield from _header("products", "loss of the last steps", "of all steps", "right, %", "finite")
    for arm, runs in ended.items():
        whole = [run for run in runs if math.isfinite(run.loss)]
        if not whole:
            yield _row(str(arm), "", "", "", f"0 of {len(runs)}")
            continue
        last, mean = (
            _told(mean_interval(values), 1, "{:.4f}")
            for values in ([run.loss for run in whole], [run.mean for run in whole])
        )
        right = in_percent(mean_interval([run.right for run in whole]))
        yield _row(str(arm), last, mean, right, f"{len(whole)} of {len(runs)}")


def _told(interval: Interval, times: float, form: str) -> str:
    """The middle and the interval, without one of a single seed."""
    mid = form.format(times * interval.mid)
    if math.isinf(interval.high):
        return mid
    return f"{mid} [{form.format(times * interval.low)}, {form.format(times * interval.high)}]"


def _header(*names: str) -> tuple[str, str]:
    return _row(*names), _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
