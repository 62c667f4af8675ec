"""A page's records as its scripts read them: columns of numbers and of places in lists, some 70 bytes a record.

Record number i is row i of the page's tables of results. Numbers have six significant digits, which is more than any
column shows, and are in SI units. Whatever a record says is text in here, and is escaped where it is written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from opbench.vocabulary.case import AxisValue, Point
from opbench.vocabulary.record import Record
from reports.data.ratios import BASELINES
from reports.data.series import setting_of
from reports.layout.style import style_of

DIGITS = 6


def page_data(records: Sequence[Record]) -> dict[str, Any]:
    """Columns of the records, in their order.

    operators: names. backends: `[label, colour, marker, dash]` each. settings: `[dtype, mode, device, clock]` each.
    axes: names. points: `[operator, setting, values]` each, the first two as places in their lists, the values in the
    order of `axes` and null where the operator does not have one. The rest are columns of one value a record: the place
    of its point and of its backend, the median and its ends in seconds, the limit in seconds, FLOPs and bytes of the
    point's work; null where there is none.
    """
    axes = list(dict.fromkeys(name for record in records for name in record.case.point.axes))
    points = [record.case.point for record in records]
    operators, settings = _Places(), _Places()
    every_point, backends = _Places(), _Places()
    point = [
        every_point.of((operators.of(at.operator), settings.of(setting_of(at)), _values(at, axes))) for at in points
    ]
    backend = [backends.of(record.case.label) for record in records]
    times = [record.latency for record in records]
    works = [record.work for record in records]
    return {
        "operators": operators.items,
        "settings": [[at.dtype, at.mode, at.device, at.clock] for at in settings.items],
        "backends": [_look(label) for label in backends.items],
        "baselines": [label for label in BASELINES if label in backends.items],
        "axes": axes,
        "points": every_point.items,
        "point": point,
        "backend": backend,
        "mid": [_short(time.mid) if time else None for time in times],
        "low": [_short(time.low) if time else None for time in times],
        "high": [_short(time.high) if time else None for time in times],
        "limit": [_short(record.limit.seconds) if record.limit else None for record in records],
        "flops": _of_points(point, [work.flops if work else None for work in works]),
        "bytes": _of_points(point, [work.moved_bytes if work else None for work in works]),
    }


def embedded(data: dict[str, Any]) -> Markup:
    """Write it as JSON that may stand within a `<script>`: no `<`, `>`, `&` or `'`, and ASCII alone, so no U+2028."""
    return htmlsafe_json_dumps(data, separators=(",", ":"), allow_nan=False)


class _Places:
    """Things in the order they came, each once."""

    def __init__(self) -> None:
        self._place_of: dict[Any, int] = {}

    def of(self, item: Any) -> int:
        """The item's place. `1`, `1.0` and `True` are equal, and are told apart by how they are written."""
        return self._place_of.setdefault((item, repr(item)), len(self._place_of))

    @property
    def items(self) -> list[Any]:
        return [item for item, _ in self._place_of]


def _values(point: Point, axes: Sequence[str]) -> tuple[AxisValue | None, ...]:
    """JSON has no infinity; no axis of ours takes one, and a record may say anything."""
    values = (point.axes.get(name) for name in axes)
    return tuple(str(value) if isinstance(value, float) and not math.isfinite(value) else value for value in values)


def _look(label: str) -> list[str]:
    style = style_of(label)
    return [label, style.colour, style.marker, style.dash]


def _short(value: float) -> float | None:
    """JSON has no infinity, and a page no use for one."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _of_points(point: Sequence[int], values: Sequence[int | None]) -> list[float | None]:
    """One value a point, of its first record that has any: the same for all its backends by definition."""
    known: dict[int, int] = {}
    for place, value in zip(point, values, strict=True):
        if value is not None:
            known.setdefault(place, value)
    return [_whole(known.get(place)) for place in range(max(point, default=-1) + 1)]


def _whole(value: int | None) -> float | None:
    return None if value is None else _short(float(value))
