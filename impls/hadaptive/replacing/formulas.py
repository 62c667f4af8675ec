"""What layers of other people's models cost, for both counters; the suite's own operators have none of them.

The convention is `impls.expansion.costs`': one per element and operation of the unfused definition, comparisons free.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opbench.counting import register

if TYPE_CHECKING:
    from opbench.counting import Formula

LAYER_NORM = 7
"""Mean, subtract, square, mean, divide, weight, bias."""
SOFTMAX = 4
"""Subtract the maximum, exponential, sum, divide."""
BILINEAR = 7
"""Four weighted neighbours: 4 multiplications, 3 additions."""

ELEMENTWISE = {
    "aten::layer_norm": LAYER_NORM,
    "aten::native_layer_norm": LAYER_NORM,
    "aten::softmax": SOFTMAX,
    "aten::_softmax": SOFTMAX,
    "aten::upsample_bilinear2d": BILINEAR,
    "aten::_upsample_bilinear2d_aa": BILINEAR,
    "aten::max_pool2d": 0,
    "aten::max_pool2d_with_indices": 0,
}
"""Operations per element of the output, under the names that either counter sees."""


def register_layers() -> None:
    """Teaches both counters these; a second call changes nothing."""
    for name, operations in ELEMENTWISE.items():
        register(name, "elementwise", _per_output(operations))


def _per_output(operations: int) -> Formula:
    def formula(_: Sequence[tuple[int, ...] | None], output: tuple[int, ...]) -> int:
        return operations * math.prod(output)

    return formula
