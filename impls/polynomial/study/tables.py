"""A study's records as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from impls.hadaptive.ablation.estimates import in_percent
from impls.polynomial.study.spectrum import PERIODS, when_learned
from impls.polynomial.study.stability import DEGREES
from opbench.vocabulary.student import mean_interval


def spectrum_table(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Of each frequency the step from which on it is learned, and at the end the mean share that is missing."""
    heads = (f"{period} period{'s' * (period > 1)}" for period in PERIODS)
    yield from _header("network", "width, parameters", "rate", *heads)
    for record in records:
        cells = (_learned(record, at) for at in range(len(PERIODS)))
        yield _row(record["subject"], f"{record['width']}, {record['parameters']:,}", f"{record['rate']:g}", *cells)


def _learned(record: Mapping[str, Any], at: int) -> str:
    """The median step where most seeds got there, with how many did where not all; else what is missing."""
    steps = [step for step in when_learned(record, PERIODS[at]) if step is not None]
    seeds = len(record["missing"][0])
    if 2 * len(steps) > seeds:
        return f"{median(steps):,.0f}" + (f" ({len(steps)} of {seeds})" if len(steps) < seeds else "")
    return in_percent(mean_interval([seed[at] for seed in record["missing"][-1]])) + " % missing"


def digits_table(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield from _header("network", "width, parameters", "rate", "right of those trained on, %", "right of unseen, %")
    for record in records:
        right = (in_percent(mean_interval(record["right"][part])) for part in ("trained", "tested"))
        yield _row(record["subject"], f"{record['width']}, {record['parameters']:,}", f"{record['rate']:g}", *right)


def extrapolation_table(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Medians of the seeds, and their range."""
    yield from _header("target", "network", "width, parameters", "error within", "error beyond", "grows as t to the")
    for record in records:
        size = f"{record['width']}, {record['parameters']:,}"
        cells = (_range(record[name], form) for name, form in (("within", ".3g"), ("beyond", ".3g"), ("growth", ".2f")))
        yield _row(record["target"], record["subject"], size, *cells)


def stability_table(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Of each rate, the mean share of test images right; and of how many trainings a loss was not finite."""
    for at, record in enumerate(records):
        if at == 0:
            yield from _header("dtype", "degree", "remedy", *(f"rate {rate:g}" for rate in record["rates"]))
        cells = (_held(right, finite) for right, finite in zip(record["right"], record["finite"], strict=True))
        yield _row(record["dtype"], str(record["degree"]), record["remedy"], *cells)


def _held(right: Sequence[float], finite: Sequence[bool]) -> str:
    lost = finite.count(False)
    told = f"{100 * sum(right) / len(right):.1f} ({100 * min(right):.1f} at worst)"
    return f"{told}, {lost} of {len(finite)} not finite" if lost else told


def sizes_table(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Medians over seeds of the root mean square, and of the largest value."""
    degrees = (1, 2, *DEGREES)
    yield from _header("inputs of deviation", *(f"x{degree}" for degree in degrees))
    for record in records:
        cells = (
            f"{median(seed[degree - 1][0] for seed in record['values']):.3g}, "
            f"at most {median(seed[degree - 1][1] for seed in record['values']):,.0f}"
            for degree in degrees
        )
        yield _row(f"{record['scale']:g}", *cells)


def _range(values: Sequence[float], form: str) -> str:
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def _header(*names: str) -> tuple[str, str]:
    return _row(*names), _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
