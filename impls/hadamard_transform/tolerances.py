"""How far a transform may be from float64, by the size of its block.

Errors are relative to the result's root mean square, since terms of both signs cancel. With u half a unit in the last
place: a form that rounds after each of L stages is off by about 0.4 u sqrt(L) of it, five times that in the worst of a
hundred thousand elements. A matrix product adds n terms in the dtype it accumulates in, one by one where there is
a single row: of 8,192 elements at n = 8,192 the worst was off by 1.4 u sqrt(n) in float32, 2.3 u sqrt(n) in float64.
"""

from __future__ import annotations

from math import sqrt

from impls.hadamard_transform.orders import factored
from opbench import Operator, Point, Tolerance

HALF_UNIT = {"float32": 2**-24, "float64": 2**-53, "float16": 2**-11, "bfloat16": 2**-8}
SUMS = {"float64": 2**-53}
"""The dtype's own where it is added up in it; all others are in float32."""
_IN_FLOAT32 = 2**-24


def tolerance(dtype: str, block: int) -> Tolerance:
    """Of a block of so many elements, in one dtype. Raises UsageError as `factored`."""
    order, _ = factored(block)
    roundings = factored(block).stages + order - 1 + 2  # those of the signs and the scale are the last two
    unit, sums = HALF_UNIT[dtype], SUMS.get(dtype, _IN_FLOAT32)
    return Tolerance(rtol=2 * unit, atol=(2 + 2 * sqrt(roundings)) * unit + 4 * sqrt(block) * sums)


class SizedOperator(Operator):
    """An operator whose tolerance goes by the size of its transform too."""

    def tolerance(self, point: Point) -> Tolerance:
        """Of the point's dtype and block; the gradient is a transform as well."""
        return tolerance(point.dtype, point.axes["block"] or point.axes["size"])
