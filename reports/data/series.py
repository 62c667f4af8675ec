"""From records to what a figure draws: one axis along x, everything else held constant within a panel.

A run usually varies one axis. Where it varies more, the one with the most values runs along x and each
combination of the others has a panel of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from opbench.vocabulary.case import Axes, Point
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from reports.data.grouping import grouped


@dataclass(frozen=True)
class Setting:
    """What must be equal for two latencies to be comparable at all."""

    dtype: str
    device: str
    mode: str
    clock: str

    def __str__(self) -> str:
        return f"{self.dtype}, {self.mode}, {self.device}, {self.clock} clock"


@dataclass(frozen=True)
class Panel:
    """Records of one operator that differ only in the backend and in the axis `x` ("" where there are no axes)."""

    operator: str
    setting: Setting
    x: str
    fixed: Axes
    records: tuple[Record, ...]

    @property
    def lines(self) -> dict[str, dict[float, Interval]]:
        """For each backend with at least one measurement: x to its median latency in seconds, x ascending."""
        by_label: dict[str, dict[float, Interval]] = defaultdict(dict)
        for record in sorted(self.records, key=self.position):
            if (time := record.latency) is not None:
                by_label[record.case.label][self.position(record)] = time
        return {label: by_label[label] for label in sorted(by_label)}

    @property
    def gaps(self) -> dict[str, set[float]]:
        """For each backend the x where it was asked and has no measurement: its line is broken there."""
        by_label: dict[str, set[float]] = defaultdict(set)
        for record in self.records:
            if record.latency is None:
                by_label[record.case.label].add(self.position(record))
        return by_label

    @property
    def ground(self) -> str:
        """The axes held constant, such as `batch=1, edge=28`."""
        return ", ".join(f"{name}={value}" for name, value in self.fixed.items())

    def position(self, record: Record) -> float:
        """Where it stands along x; 0 where there is no axis of numbers."""
        place: float = record.case.point.axes.get(self.x, 0)
        return place


def is_number(value: object) -> bool:
    """Whether an axis's value has a place on a scale; names and truth values have none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def settled(records: Iterable[Record]) -> list[Record]:
    """Keep one record per case, the last: a resumed run may have measured a case again."""
    return list({record.case.key: record for record in records}.values())


def x_axis(places: Sequence[Axes]) -> str:
    """Choose the axis of numbers with the most values, the first of them on a tie; "" where there are none.

    Where nothing varies, the first axis above one: a lone point is better placed at 64 channels than at batch 1.
    """
    values: dict[str, set[float]] = defaultdict(set)
    for axes in places:
        for name, value in axes.items():
            if is_number(value):
                values[name].add(value)
    if not values:
        return ""
    return max(values, key=lambda name: (len(values[name]), max(values[name]) > 1))


def panels(records: Iterable[Record], along: str | None = None) -> list[Panel]:
    """Make panels, in the order their first record came.

    along: the axis x of all; `x_axis` chooses one for each operator and setting where it is left out.
    """
    groups = grouped(settled(records), operator_and_setting)
    return [
        panel for (operator, setting), group in groups.items() for panel in _panels(operator, setting, group, along)
    ]


def _panels(operator: str, setting: Setting, records: Sequence[Record], along: str | None) -> list[Panel]:
    x = x_axis([record.case.point.axes for record in records]) if along is None else along
    by_fixed = grouped(records, partial(fixed_axes, varying={x}))
    return [Panel(operator, setting, x, fixed, tuple(group)) for fixed, group in by_fixed.items()]


def operator_and_setting(record: Record) -> tuple[str, Setting]:
    return record.case.point.operator, setting_of(record.case.point)


def fixed_axes(record: Record, varying: Collection[str]) -> Axes:
    """Leave out of the axes of the record's point those that vary."""
    return Axes({name: value for name, value in record.case.point.axes.items() if name not in varying})


def setting_of(point: Point) -> Setting:
    return Setting(point.dtype, point.device, point.mode, point.clock)


def comparable(candidates: Sequence[Panel]) -> list[tuple[Panel, ...]]:
    """Group panels of different operators over the same axes and setting: their latencies may stand in one panel."""
    alike = grouped(candidates, lambda panel: (panel.setting, panel.x, panel.fixed))
    return [tuple(group) for group in alike.values() if len(group) > 1]
