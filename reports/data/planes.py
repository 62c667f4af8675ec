"""From records to planes: two axes vary, everything else is held, and most of the rectangle was asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations

from opbench.vocabulary.case import Axes
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from reports.data.grouping import grouped
from reports.data.series import Setting, fixed_axes, is_number, operator_and_setting, settled

Cell = tuple[float, float]
"""Value of the axis along x and of the axis up."""

SHORTEST = 3
"""Fewest values of either axis. Two rows are read better as two lines."""

FILLED = 0.5
"""Least share of a row's or column's cells with a record. Where planes cross, one leaves a stray row in another."""


@dataclass(frozen=True)
class Plane:
    """Records of one operator that differ only in the backend and in the axes `x` and `y`."""

    operator: str
    setting: Setting
    x: str
    y: str
    fixed: Axes
    records: tuple[Record, ...]

    @cached_property
    def columns(self) -> tuple[float, ...]:
        """Values along x, ascending."""
        return tuple(sorted({x for x, _ in self.asked}))

    @cached_property
    def rows(self) -> tuple[float, ...]:
        """Values up, ascending."""
        return tuple(sorted({y for _, y in self.asked}))

    @cached_property
    def asked(self) -> Mapping[Cell, Mapping[str, Record]]:
        """Every cell with a record, and its records by the backend's label."""
        by_cell: dict[Cell, dict[str, Record]] = defaultdict(dict)
        for record in self.records:
            by_cell[_cell(record, self.x, self.y)][record.case.label] = record
        return by_cell

    @cached_property
    def times(self) -> Mapping[str, Mapping[Cell, Interval]]:
        """For each backend with at least one measurement: cell to its median latency in seconds."""
        by_label: dict[str, dict[Cell, Interval]] = defaultdict(dict)
        for cell, records in self.asked.items():
            for label, record in records.items():
                if (time := record.latency) is not None:
                    by_label[label][cell] = time
        return by_label

    @property
    def cells(self) -> list[Cell]:
        """Every cell of the rectangle, with a record or without."""
        return [(x, y) for y in self.rows for x in self.columns]

    @property
    def ground(self) -> str:
        """The axes held constant, such as `channels=64`; one that is 0 is not in use."""
        return ground_of(self)


def ground_of(plane: Plane, only: Collection[str] | None = None, besides: Collection[str] = ()) -> str:
    """Write the axes held constant, all of them or some; one that is 0 is not in use.

    only, besides: names of axes.
    """
    wanted = {name: value for name, value in plane.fixed.items() if only is None or name in only}
    shown = {name: value for name, value in wanted.items() if name not in besides and (value is False or value)}
    return ", ".join(f"{name}={value}" for name, value in shown.items())


def shared_ground(group: Sequence[Plane]) -> frozenset[str]:
    """Name the axes that all planes hold at the same value; none for a single one, which is no more than its own."""
    first, *others = group
    alike = (name for name, value in first.fixed.items() if all(other.fixed.get(name) == value for other in others))
    return frozenset(alike) if others else frozenset()


def planes(records: Iterable[Record]) -> list[list[Plane]]:
    """Make the planes of each operator and setting that has any, in the order their first record came.

    Where three axes vary together every two of them make planes; the largest are taken, and of the others those
    that show mostly cells which none before has shown.
    """
    groups = grouped(settled(records), operator_and_setting)
    chosen = [(_fresh(_candidates(*key, group)), group) for key, group in groups.items()]
    return [_in_order_asked(group_planes, group) for group_planes, group in chosen if group_planes]


def _candidates(operator: str, setting: Setting, records: Sequence[Record]) -> list[Plane]:
    """All planes over any two axes of numbers, named in the operator's order; the later of two runs along x."""
    candidates = []
    numbers = [name for name, value in records[0].case.point.axes.items() if is_number(value)]
    for y, x in combinations(numbers, 2):
        for fixed, group in grouped(records, partial(fixed_axes, varying={x, y})).items():
            cells = _core({_cell(record, x, y) for record in group})
            in_core = tuple(record for record in group if _cell(record, x, y) in cells)
            candidates.append(Plane(operator, setting, x, y, fixed, in_core))
    return [plane for plane in candidates if plane.records]


def _cell(record: Record, x: str, y: str) -> Cell:
    axes = record.case.point.axes
    return axes[x], axes[y]


def _core(cells: set[Cell]) -> set[Cell]:
    """Without the rows and columns that are hardly filled, emptiest first; nothing where too few are left."""
    while True:
        columns, rows = Counter(x for x, _ in cells), Counter(y for _, y in cells)
        if min(len(columns), len(rows)) < SHORTEST:
            return set()
        share, axis, value = min(
            *((count / len(rows), 0, value) for value, count in columns.items()),
            *((count / len(columns), 1, value) for value, count in rows.items()),
        )
        if share >= FILLED:
            return cells
        cells = {cell for cell in cells if cell[axis] != value}


def _fresh(candidates: Sequence[Plane]) -> list[Plane]:
    seen: set[Axes] = set()
    chosen = []
    for plane in sorted(candidates, key=lambda plane: -len(plane.asked)):
        points = {record.case.point.axes for record in plane.records}
        if len(points - seen) > len(points) / 2:
            chosen.append(plane)
            seen |= points
    return chosen


def _in_order_asked(group: Sequence[Plane], records: Sequence[Record]) -> list[Plane]:
    place = {record.case.key: number for number, record in enumerate(records)}
    return sorted(group, key=lambda plane: min(place[record.case.key] for record in plane.records))


def labels(group: Sequence[Plane]) -> list[str]:
    """List every backend asked for in any of the planes, in the order of the records."""
    return list(dict.fromkeys(record.case.label for plane in group for record in plane.records))


def told_apart(group: Sequence[Plane], groups: Sequence[Sequence[Plane]]) -> str:
    """Label a group's figures by what other groups do not have, its operator and setting; "" where it is alone."""
    return f"{group[0].operator}, {group[0].setting}" if len(groups) > 1 else ""
