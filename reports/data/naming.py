"""Points named briefly: what they share is said once, and each is called by what sets it apart.

Devices and counts of things are worded here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from opbench.store.environment_kinds import device_text
from opbench.vocabulary.case import Point
from opbench.vocabulary.record import Record


def point_names(points: Iterable[Point]) -> Callable[[Point], str]:
    """Make a function that gives points short names: only what differs within the points of its operator."""
    differing: dict[str, set[str]] = {}
    first: dict[str, dict[str, object]] = {}
    for point in points:
        parts = point_parts(point)
        seen = first.setdefault(point.operator, parts)
        differing.setdefault(point.operator, set()).update(name for name in parts if seen.get(name) != parts[name])

    def name(point: Point) -> str:
        parts, wanted = point_parts(point), differing[point.operator]
        shown = [f"{key}={value}" for key, value in parts.items() if key in wanted]
        return ", ".join(shown) or ", ".join(f"{key}={value}" for key, value in point.axes.items())

    return name


def common_ground(points: Sequence[Point]) -> str:
    """Write what all of these points share, such as `batch=1, edge=28, float32, forward, cpu`."""
    every_part = [point_parts(point) for point in points]
    same = {key: value for key, value in every_part[0].items() if all(parts.get(key) == value for parts in every_part)}
    axes = points[0].axes
    return ", ".join(f"{key}={value}" if key in axes else str(value) for key, value in same.items())


def point_parts(point: Point) -> dict[str, object]:
    """Everything about a point but its operator, axes first."""
    rest: dict[str, object] = {"dtype": point.dtype, "mode": point.mode, "device": point.device, "clock": point.clock}
    return {**point.axes, **rest}


def counted(count: int, noun: str) -> str:
    """Write `1 point`, `3 points`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def devices(records: Sequence[Record]) -> str:
    """Name what the records were measured on: each device once, a CPU with its threads."""
    return "; ".join(dict.fromkeys(device_text(record.environment) for record in records))
