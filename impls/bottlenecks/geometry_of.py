"""A point's sizes, whichever of the two operators it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.bottlenecks.ach_bottleneck import operator as ach
from impls.bottlenecks.ghost_bottleneck import operator as ghost

if TYPE_CHECKING:
    from impls.bottlenecks.definition.geometry import Geometry
    from opbench import Point


def geometry_of(point: Point) -> Geometry:
    """Raises UsageError for axes that do not go together."""
    made: Geometry = {"ach_bottleneck": ach.size_of, "ghost_bottleneck": ghost.size_of}[point.operator](point.axes)
    return made
