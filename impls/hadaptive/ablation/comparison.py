"""The paper's ablation of the ACH module (figure 3) and its comparison of normalisers (table 1), as data.

Our accuracies and the paper's stand side by side and cannot be compared in size: other images, other epochs. What can
be compared is the direction: whether taking a part out costs accuracy here too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from impls.hadaptive.ablation.estimates import mean_interval
from opbench.errors import unknown
from opbench.vocabulary.interval import Interval

FULL = "full"


@dataclass(frozen=True)
class Variant:
    """One network of the comparison: what is changed in every Hada block of the full one."""

    about: str
    changes: Mapping[str, Any]


VARIANTS: Mapping[str, Variant] = {
    FULL: Variant("learned selection, pointwise convolution, DySoft", {}),
    "no_pointwise": Variant("without the pointwise convolution", {"pointwise": False}),
    "no_eca": Variant("without ECA: a random set in training, the first k in eval", {"selection": "random"}),
    "fixed": Variant("the first k channels, always", {"selection": "fixed"}),
    "bn": Variant("BatchNorm in place of DySoft", {"norm": "bn"}),
    "dysig": Variant("DySig in place of DySoft", {"norm": "dysig"}),
    "dyalge": Variant("DyAlge in place of DySoft", {"norm": "dyalge"}),
    "dyt": Variant("Dynamic Tanh in place of DySoft", {"norm": "dyt"}),
}
"""`full` is the one the others are held against; as a normaliser it is the row of DySoft."""


@dataclass(frozen=True)
class Reported:
    """What the paper says, on CIFAR-100; not measured here."""

    top1_percent: float
    source: str


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
    """Its accuracy minus that of `full` with the same seed, mean over seeds; None for `full` itself."""
    reported: Reported | None
    reported_change_percent: float | None
    verdict: str


def chosen(names: str) -> tuple[str, ...]:
    """Variants by comma-separated names, or all, `full` first. Raises UsageError for an unknown one."""
    names_asked = set(VARIANTS) if names == "all" else {name.strip() for name in names.split(",")}
    for name in sorted(names_asked - set(VARIANTS)):
        raise unknown("variant", name, VARIANTS, "of the ablation")
    return tuple(name for name in VARIANTS if name in names_asked)


def reported() -> dict[str, Reported]:
    """The paper's column, by our names of its rows; the paper does not have all of ours."""
    text = (files("impls.hadaptive") / "reported_ablations.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["variant"]: Reported(float(row["top1_percent"]), f"{row['data_set']}, {row['source']}") for row in rows}


def rows(trained: Iterable[Trained], names: Sequence[str]) -> list[Row]:
    """One row for each name, in that order."""
    by_seed: dict[str, dict[int, float]] = {name: {} for name in VARIANTS}
    for result in trained:
        by_seed[result.variant][result.seed] = result.accuracy
    return [_row(name, by_seed[name], by_seed[FULL], reported()) for name in names]


def _row(name: str, ours: dict[int, float], full: dict[int, float], reported: dict[str, Reported]) -> Row:
    paired = [ours[seed] - full[seed] for seed in ours if seed in full and name != FULL]
    change = mean_interval(paired) if paired else None
    reported_row = reported.get(name)
    change_reported = (
        None if reported_row is None or name == FULL else reported_row.top1_percent - reported[FULL].top1_percent
    )
    accuracy = mean_interval(list(ours.values())) if ours else None
    return Row(name, len(ours), accuracy, change, reported_row, change_reported, _verdict(change, change_reported))


def _verdict(change: Interval | None, reported_change: float | None) -> str:
    """Whether our change has the paper's sign, where the 95 % interval of ours excludes no change at all."""
    if change is None:
        return ""
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
