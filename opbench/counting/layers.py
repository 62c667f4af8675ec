"""What layers of other people's networks cost, for both counters; the suite's own operators have none of them.

The convention is that of all formulas here: one per element and operation of the unfused definition, comparisons and
moving data free.
"""

from __future__ import annotations

LAYER_NORM = 7
"""Mean, subtract, square, mean, divide, weight, bias."""
SOFTMAX = 4
"""Subtract the maximum, exponential, sum, divide."""
BILINEAR = 7
"""Four weighted neighbours: 4 multiplications, 3 additions."""

PER_OUTPUT = {
    "aten::layer_norm": LAYER_NORM,
    "aten::native_layer_norm": LAYER_NORM,
    "aten::softmax": SOFTMAX,
    "aten::_softmax": SOFTMAX,
    "aten::_safe_softmax": SOFTMAX,
    "aten::upsample_bilinear2d": BILINEAR,
    "aten::_upsample_bilinear2d_aa": BILINEAR,
    "aten::upsample_nearest2d": 0,
    "aten::max_pool2d": 0,
    "aten::max_pool2d_with_indices": 0,
}
"""Operations per element of the output, under the names that either counter sees.

Those that cost nothing are here and not among the free operators because fvcore has formulas of its own for them.
"""

PER_INPUT = ("aten::avg_pool2d",)
"""One per element of the input: windows of 2x2 side by side. The last row of an odd map, which no window reaches, is
counted too."""
