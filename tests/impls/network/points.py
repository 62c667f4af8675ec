"""Points the tests ask of the networks."""

from __future__ import annotations

from opbench import Operator, Point, catalog

NETWORKS = ["hadaptive_s", "hadaptive_m", "hadaptive_l"]
MODES = ["forward", "backward"]


def at(name: str, mode: str = "forward", dtype: str = "float32", device: str = "cpu", **axes: int) -> Point:
    """The operator's second check point, an odd edge at batch 1, where no axes are named."""
    operator = catalog.operator(name)
    return Point(name, operator.complete(axes or operator.check_points[1]), dtype, device, mode)


def check_points(operator: Operator, mode: str) -> list[Point]:
    return [Point(operator.name, operator.complete(axes), mode=mode) for axes in operator.check_points]
