"""Where one call's time goes, as bars: a record's parts in their order, and which points of an operator are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from opbench.measure.split.call_split import TOLERANCE
from opbench.measure.split.kinds import ALLOCATION, DISPATCH, KINDS, WAITING
from opbench.vocabulary.record import Measured, Record
from reports.data.grouping import grouped
from reports.data.naming import point_names

_ORDER = (DISPATCH, ALLOCATION, *KINDS, WAITING)


@dataclass(frozen=True)
class SplitBar:
    """One backend's call and its parts.

    parts: seconds by name.
    median_s: measured; what the parts should add up to.
    """

    label: str
    parts: Mapping[str, float]
    median_s: float

    @property
    def missed(self) -> bool:
        """Whether the parts miss the median by more than TOLERANCE."""
        return abs(sum(self.parts.values()) / self.median_s - 1) > TOLERANCE


@dataclass(frozen=True)
class PointBars:
    """All bars of one point."""

    title: str
    ground: str
    bars: Sequence[SplitBar]


def bar_of(record: Record) -> SplitBar | None:
    """Make a record's bar; None where the record has no split."""
    if not isinstance(record.outcome, Measured) or not record.outcome.split:
        return None
    return SplitBar(record.case.label, record.outcome.split, median(record.outcome.samples_s))


def blocks_of(records: Sequence[Record]) -> list[PointBars]:
    """Choose the operator's quickest point and its slowest, by their fastest backends; one where there is but one."""
    by_point = grouped(records, lambda record: record.case.point)
    points = {point: [bar for record in group if (bar := bar_of(record))] for point, group in by_point.items()}
    ranked = sorted(points, key=lambda point: min(bar.median_s for bar in points[point]))
    ends = list(dict.fromkeys((ranked[0], ranked[-1])))
    name = point_names(points)
    return [PointBars(ends[0].operator, name(point), points[point]) for point in ends]


def in_order(names: Mapping[str, float]) -> list[str]:
    """Order parts: dispatch, allocation, kinds of work in the order of the vocabulary; unknown ones last."""
    known = [name for name in _ORDER if name in names]
    return [*known, *(name for name in names if name not in known)]
