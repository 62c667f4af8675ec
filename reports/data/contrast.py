"""One backend against another, cell by cell: the difference of figure 7, where noise leaves it open, and which two of
many are held against each other: enough to tell the story, few enough to look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from opbench.vocabulary.interval import Interval, geometric_mean
from reports.data.grouping import grouped
from reports.data.planes import Cell, Plane, labels

EPSILON_S = 1e-12
"""Keeps the quotient defined for two times of zero. A picosecond; it changes no measured digit."""

SCHEDULES = ("direct", "balanced", "flat", "blocked")
"""The published two first, so that figure 7's own comparison opens each backend's figures."""


@dataclass(frozen=True)
class Contrast:
    """Backend `a` held against `b` over the cells of one plane where both were measured.

    values: (A - B) / (A + B + eps) of the medians, so positive where A is slower and always within -1 and 1.
    undecided: cells whose 95 % intervals overlap.
    ratios: the time of A over that of B.
    """

    values: Mapping[Cell, float]
    undecided: frozenset[Cell]
    ratios: Mapping[Cell, float]

    @property
    def slower(self) -> int:
        """Count the cells that are decided against A."""
        return sum(value > 0 for cell, value in self.values.items() if cell not in self.undecided)

    @property
    def faster(self) -> int:
        return len(self.values) - len(self.undecided) - self.slower


def contrast(plane: Plane, a: str, b: str) -> Contrast:
    """Compare two backends over a plane; empty where no cell has both."""
    times_a, times_b = plane.times.get(a, {}), plane.times.get(b, {})
    both = {cell: (times_a[cell], times_b[cell]) for cell in plane.cells if cell in times_a and cell in times_b}
    return Contrast(
        values={cell: difference(time_a, time_b) for cell, (time_a, time_b) in both.items()},
        undecided=frozenset(cell for cell, (time_a, time_b) in both.items() if time_a.overlaps(time_b)),
        ratios={cell: time_a.mid / time_b.mid for cell, (time_a, time_b) in both.items()},
    )


def difference(a: Interval, b: Interval) -> float:
    """Divide the difference of two medians by their sum: 1/3 where A takes twice as long, 1/2 where three times."""
    return (a.mid - b.mid) / (a.mid + b.mid + EPSILON_S)


@dataclass(frozen=True)
class Standing:
    """How a backend does over all cells against the fastest of each.

    mean, worst: its time over the fastest's, so 1 is always the fastest.
    worst_plane, worst_cell: where the worst was.
    """

    label: str
    mean: float
    worst: float
    worst_plane: Plane
    worst_cell: Cell


def standings(group: Sequence[Plane]) -> list[Standing]:
    """Rank every measured backend over the cells where another was measured too, the best geometric mean first."""
    behind: dict[str, list[tuple[float, Plane, Cell]]] = {}
    for plane in group:
        for cell in plane.cells:
            times = {label: line[cell].mid for label, line in plane.times.items() if cell in line}
            if len(times) > 1:
                for label, time in times.items():
                    behind.setdefault(label, []).append((time / min(times.values()), plane, cell))
    by_mean = []
    for label, losses in behind.items():
        worst, plane, cell = max(losses, key=lambda loss: loss[0])
        by_mean.append(Standing(label, geometric_mean([loss for loss, _, _ in losses]), worst, plane, cell))
    return sorted(by_mean, key=lambda standing: standing.mean)


def pairings(group: Sequence[Plane]) -> list[tuple[str, str]]:
    """Choose pairs (A, B). Red, A slower, then always speaks for the newer schedule or for the best backend.

    Within a backend each schedule against the next one. Across backends each one's best against the best of all.
    """
    schedules = grouped(labels(group), _stem).values()  # sorting is stable: unknown ones and repeats stay as they came
    chains = [pair for of_stem in schedules for pair in pairwise(sorted(of_stem, key=_rank))]
    best: dict[str, str] = {}
    for standing in standings(group):
        best.setdefault(_stem(standing.label), standing.label)
    first, *rest = best.values() or [""]
    return chains + [(label, first) for label in rest]


def _rank(label: str) -> int:
    schedule = label.partition("#")[0].partition(":")[2]
    return SCHEDULES.index(schedule) if schedule in SCHEDULES else len(SCHEDULES)


def _stem(label: str) -> str:
    """The backend without schedule and repeat: `cpp_ext` of `cpp_ext:flat#2`."""
    return label.partition("#")[0].partition(":")[0]
