"""How far results that are sums may be from float64: gradients of the product, and the whole of ach_expand.

With u half a unit in the last place. Kernels of ours accumulate in float32 or better and round once; eager rounds at
every step, up to eight times through ach_expand, and adds up to 128 rounded terms in a gradient. Terms of both signs
cancel, so errors are relative to the result's size (atol scales with its root mean square), not to the element.
"""

from __future__ import annotations

from opbench import Tolerance

HALF_UNIT = {"float32": 2**-24, "float64": 2**-53, "float16": 2**-11, "bfloat16": 2**-8}

STEPS = 16
"""Worst |got - want| / (rms + |want|) of eager over the check points, in units of u: see the tests of this bound."""


def accumulated() -> dict[str, Tolerance]:
    """Tolerance by dtype name."""
    return {dtype: Tolerance(rtol=STEPS * unit, atol=STEPS * unit) for dtype, unit in HALF_UNIT.items()}
