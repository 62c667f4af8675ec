"""Points of both bottlenecks that several test files share."""

from __future__ import annotations

from opbench import Operator, Point, catalog
from opbench.vocabulary.case import AxisValue

OPERATORS = ("ach_bottleneck", "ghost_bottleneck")


def at(name: str, dtype: str = "float32", device: str = "cpu", **axes: AxisValue) -> Point:
    return Point(name, catalog.operator(name).complete(axes), dtype, device)


def checked(name: str, dtype: str = "float32") -> list[Point]:
    """The operator's check points."""
    operator: Operator = catalog.operator(name)
    return [Point(name, operator.complete(axes), dtype) for axes in operator.check_points]
