"""The counting convention of the expansions, in one place; fvcore's and torch's counters agree with it exactly.

Of the elementwise operations they do because they share it (`opbench.counting.formulas`); MACs torch's counter finds by
formulas of its own.

- A convolution is MACs: output elements x terms of each sum, padding included. Its bias is free, it is where
  the accumulation starts.
- Elementwise operations count one per element and operation of the unfused definition: BatchNorm in eval 2
  (scale, shift), Hardswish 1, DySoft 6 (scale, absolute value, add 1, divide, weight, bias), mean pooling 1 per
  input element.
- Selecting, gathering and concatenating count nothing.
- Bytes: every input read once, the output written once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from impls.seeded import itemsize
from opbench import Work

if TYPE_CHECKING:
    from impls.expansion.values import Shapes
    from impls.expansion.width import Width
    from opbench import Point

BATCH_NORM = 2
HARDSWISH = 1
DYSOFT = 6


def work_of(point: Point, size: Width, shapes: Shapes, *, macs: int, elementwise: int, products: int = 0) -> Work:
    """The operations given, and the bytes of inputs of these shapes and of an output (batch, n, edge, edge)."""
    elements = sum(map(math.prod, shapes.values()))
    return Work(
        macs=macs,
        products=products,
        elementwise=elementwise,
        bytes_read=elements * itemsize(point),
        bytes_written=size.n * size.pixels * itemsize(point),
    )
