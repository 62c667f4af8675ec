"""Ratios of medians: one per point, and what they come to over a panel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opbench.vocabulary.interval import Interval, geometric_mean
from reports.data import units
from reports.data.series import Panel

BASELINES = ("torch_eager", "torch_compile")


@dataclass(frozen=True)
class Speedup:
    """How many times faster a backend is than the baseline.

    ratios: x to time of the baseline over time of the backend; at least one point.
    """

    ratios: Mapping[float, Interval]

    @property
    def mean(self) -> Interval:
        """The geometric mean, with the interval it inherits from independent points."""
        return mean_ratio(list(self.ratios.values()))

    @property
    def worst(self) -> tuple[float, Interval]:
        """The x where the backend compares least favourably, and the ratio there."""
        x = min(self.ratios, key=lambda place: self.ratios[place].mid)
        return x, self.ratios[x]

    def summary(self, axis: str) -> str:
        """Write `3.10×, least 1.40× at channels=16 (11 points)`."""
        mean, (x, least) = units.factor(self.mean.mid), self.worst
        if len(self.ratios) == 1:
            return f"{mean} (1 point)"
        return f"{mean}, least {units.factor(least.mid)} at {axis}={x} ({len(self.ratios)} points)"


def speedups(panel: Panel, baseline: str) -> dict[str, Speedup]:
    """Divide the baseline's medians by each other backend's, over the points where both were measured.

    Empty where the baseline has no measurement. A failed point is in no ratio; it never counts as 1.
    """
    lines = panel.lines
    base = lines.get(baseline, {})
    ratios_of = {
        label: {x: base[x].over(time) for x, time in line.items() if x in base}
        for label, line in lines.items()
        if label != baseline
    }
    return {label: Speedup(ratios) for label, ratios in ratios_of.items() if ratios}


def rivals(panel: Panel, baseline: str) -> dict[str, Speedup]:
    """Choose the backends held against the baseline; one baseline over another is drawn once, not again upside down."""
    earlier = BASELINES[: BASELINES.index(baseline)]
    return {label: speedup for label, speedup in speedups(panel, baseline).items() if label not in earlier}


def mean_ratio(ratios: Sequence[Interval]) -> Interval:
    """Average independent ratios geometrically; half-widths in logarithms add in quadrature and shrink by the count.

    Raises ValueError for none.
    """
    mid = geometric_mean([ratio.mid for ratio in ratios])
    up = math.hypot(*(math.log(ratio.high / ratio.mid) for ratio in ratios)) / len(ratios)
    down = math.hypot(*(math.log(ratio.mid / ratio.low) for ratio in ratios)) / len(ratios)
    return Interval(mid * math.exp(-down), mid, mid * math.exp(up))
