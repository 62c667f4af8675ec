"""Counts of the PTX machine made by hand."""

from __future__ import annotations

from opbench.vocabulary.case import Axes, AxisValue, Case, Point
from opbench.vocabulary.simulated_count import SimulatedCount


def count(
    backend: str = "triton_jit:flat",
    written: int = 12,
    read: int = 24,
    dtype: str = "float32",
    operator: str = "rowsum",
    **axes: AxisValue,
) -> SimulatedCount:
    """written, read: sectors, of which the least are 10 each."""
    case = Case(Point(operator, Axes(axes or {"channels": 3}), dtype, "cpu", "forward", "none"), backend)
    return SimulatedCount(
        *(case, "somebody's PTX", "sm_90", 320, 320, 1, 4013, 17, read, written, 10, 10, 500, 0, 0, 4, 1, 0, 37, 0)
    )
