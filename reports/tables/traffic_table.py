"""Traffic over the least: sectors that every GPU schedule writes over its output and reads over its inputs, shaded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median_low
from typing import TypeAlias

from opbench.vocabulary.case import Point
from opbench.vocabulary.report import Artifact
from opbench.vocabulary.simulated_count import SimulatedCount
from reports.data.grouping import grouped
from reports.data.naming import common_ground, point_names
from reports.layout.table_files import ABSENT, TableCell, TableColumn, TableRow, table_files

MOST_POINTS = 6
"""Points that have a column each; of more the median and the worst are shown, and the CSV has all."""

SHADES = (1.005, 1.1, 1.5, 4.0, 16.0, 64.0)
"""Ratios up to which a cell has no shade, the first, the second, ...: beyond the last it has the darkest."""

WRITTEN, READ = "written / output", "read / inputs"

Ratio: TypeAlias = Callable[[SimulatedCount], float | None]

RATIOS: dict[str, Ratio] = {
    WRITTEN: lambda count: count.written_over_least,
    READ: lambda count: count.read_over_least,
}

WHAT_IT_IS = (
    "Bytes of the 32-byte sectors that all stores of a call ask for over those of its output, and that all loads ask "
    "for over those of its inputs: 1.00 is the least, and the stronger a cell's colour, the more moves. Counted by "
    "executing the PTX that the compilers emit, on a CPU. It is no time and no bandwidth; caches are not modelled, so "
    "that what is read again may come from L1 or L2."
)


def traffic_tables(counts: Sequence[SimulatedCount]) -> list[Artifact]:
    """A table as HTML and CSV for every operator, dtype, mode and architecture; [] without counts."""
    groups = grouped(counts, _setting)
    return [
        artifact
        for number, group in enumerate(groups.values(), 1)
        for artifact in _files("traffic" if number == 1 else f"traffic_{number}", group, several=len(groups) > 1)
    ]


def _setting(count: SimulatedCount) -> tuple[str, ...]:
    point = count.case.point
    return point.operator, point.dtype, point.mode, count.architecture


def _files(stem: str, counts: Sequence[SimulatedCount], *, several: bool) -> list[Artifact]:
    points = list(dict.fromkeys(count.case.point for count in counts))
    first = counts[0]
    name = f": {first.case.point.operator}, {first.case.point.dtype}, {first.case.point.mode}" if several else ""
    executed = "; ".join(dict.fromkeys(count.by for count in counts))
    shared = common_ground(points).removesuffix(", cpu, none")
    caption = f"{WHAT_IT_IS} Executed: {executed}, for {first.architecture}. {first.case.point.operator}: {shared}."
    by_backend = grouped(counts, lambda count: count.case.label)
    rows = [_row(group, points) for group in by_backend.values()]
    families = [label.partition(":")[0] for label in by_backend]
    starts = [True, *(family != before for before, family in pairwise(families))]
    placed = [TableRow(row, first=start) for row, start in zip(rows, starts, strict=True)]
    return table_files(stem, f"Traffic over the least{name}", caption, list(_columns(points)), placed)


def _columns(points: Sequence[Point]) -> Iterator[TableColumn]:
    """Heads are the values of the one axis that differs, or points' names where several do."""
    yield TableColumn("Backend", kind="")
    axis, heads = _heads(points)
    for group in RATIOS:
        if len(points) > MOST_POINTS:
            yield TableColumn("median", f"of {len(points)} points", group)
            yield TableColumn("worst", "at", group)
        else:
            yield from (TableColumn(head, "", f"{group}{axis}") for head in heads)


def _heads(points: Sequence[Point]) -> tuple[str, list[str]]:
    """What the head of a group says of the axis that differs, and the head of each point's column."""
    if len(points) == 1:
        return "", [""]
    differing = [axis for axis in points[0].axes if len({point.axes.get(axis) for point in points}) > 1]
    if len(differing) == 1:
        (axis,) = differing
        return f", {axis}", [str(point.axes[axis]) for point in points]
    name = point_names(points)
    return "", [name(point) for point in points]


def _row(counts: Sequence[SimulatedCount], points: Sequence[Point]) -> list[TableCell]:
    """Backend, then the ratios of writing, then those of reading; the CSV has them by point."""
    label = counts[0].case.label
    of_point = {count.case.point: count for count in counts}
    cells = [TableCell(label, values={"backend": label, "architecture": counts[0].architecture})]
    for group, ratio in RATIOS.items():
        if len(points) > MOST_POINTS:
            cells += _summary(of_point, ratio, points, group)
        else:
            cells += [_cell(of_point.get(point), ratio, group) for point in points]
    return cells


def _cell(count: SimulatedCount | None, ratio: Ratio, group: str) -> TableCell:
    value = None if count is None else ratio(count)
    if count is None or value is None:
        return TableCell(ABSENT)
    return TableCell(f"{value:.2f}", values={_column(count, group): value}, shade=shade(value))


def _summary(
    of_point: dict[Point, SimulatedCount], ratio: Ratio, points: Sequence[Point], group: str
) -> list[TableCell]:
    known = {point: value for point, count in of_point.items() if (value := ratio(count)) is not None}
    if not known:
        return [TableCell(ABSENT), TableCell(ABSENT)]
    middle, worst = median_low(known.values()), max(known, key=known.__getitem__)
    values = {_column(of_point[point], group): value for point, value in known.items()}
    place = point_names(points)(worst)
    return [
        TableCell(f"{middle:.2f}", values=values, shade=shade(middle)),
        TableCell(f"{known[worst]:.2f}", (place,), shade=shade(known[worst])),
    ]


def _column(count: SimulatedCount, group: str) -> str:
    axes = count.case.point.axes
    return f"{'written' if group == WRITTEN else 'read'}_over_least({axes})"


def shade(ratio: float) -> int:
    """0, not shaded, to 6, the darkest."""
    return bisect_left(SHADES, ratio)
