"""Finished trainings of an ablation's variants, ours beside the paper's, and what may be concluded from them.

Our accuracies and the paper's stand side by side and cannot be compared in size: other images, other epochs. What can
be compared is the direction: whether a change costs accuracy here too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from impls.hadaptive.ablation.study import Reported, Study, reported
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.student import mean_interval


@dataclass(frozen=True)
class Trained:
    """One finished training: a share of the test images, 0 to 1."""

    variant: str
    seed: int
    accuracy: float


@dataclass(frozen=True)
class Row:
    """One variant, ours beside the paper's."""

    variant: str
    seeds: int
    accuracy: Interval | None
    """Mean over seeds, 0 to 1; None before the first."""
    change: Interval | None
    """Its accuracy minus that of the baseline with the same seed, mean over seeds; None for the baseline itself."""
    reported: Reported | None
    reported_change_percent: float | None
    verdict: str


def rows(trained: Iterable[Trained], names: Sequence[str], study: Study) -> list[Row]:
    """One row for each name, in that order."""
    by_seed: dict[str, dict[int, float]] = {name: {} for name in study.variants}
    for result in trained:
        by_seed[result.variant][result.seed] = result.accuracy
    return [_row(name, by_seed[name], by_seed[study.baseline], study.baseline, reported()) for name in names]


def _row(
    name: str, ours: dict[int, float], base: dict[int, float], baseline: str, reported: Mapping[str, Reported]
) -> Row:
    paired = [ours[seed] - base[seed] for seed in ours if seed in base and name != baseline]
    change = mean_interval(paired) if paired else None
    reported_row = reported.get(name)
    change_reported = (
        None
        if reported_row is None or name == baseline
        else reported_row.top1_percent - reported[baseline].top1_percent
    )
    accuracy = mean_interval(list(ours.values())) if ours else None
    return Row(name, len(ours), accuracy, change, reported_row, change_reported, _verdict(change, change_reported))


def _verdict(change: Interval | None, reported_change: float | None) -> str:
    """Whether our change has the paper's sign, where the 95 % interval of ours excludes no change at all."""
    if change is None:
        return ""
    if math.isinf(change.high):
        return "undecided: one seed"
    if change.low <= 0 <= change.high:
        return "undecided: no change is within the interval"
    ours = "costs" if change.mid < 0 else "gains"
    if reported_change is None:
        return f"{ours} accuracy here; the paper has no such row"
    return (
        f"holds: {ours} accuracy here too"
        if change.mid * reported_change > 0
        else f"does not hold: {ours} accuracy here"
    )
