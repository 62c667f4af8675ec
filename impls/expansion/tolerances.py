"""How far a correct expansion may be from float64, by dtype. One table for the three: they share their pieces.

With u half a unit in the last place: the longest sum has m terms (512 at most in the sweeps), whose rounding
errors add up to about sqrt(m) * u in float32 and float64. Float16 and bfloat16 accumulate in float32 and round
once per operator, about ten times on the way through ACH, each by u. What is subtracted on the way (BatchNorm's
mean) makes errors relative to the output's size rather than to the element, hence atol.
Worst |got - want| / (rms + |want|) of eager PyTorch on a CPU over the check points and the sweeps' widths: 43 u in
float32, 29 u in float64, 8.4 u in float16, 8.5 u in bfloat16. The bounds leave two to four times that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opbench import Tolerance

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCES: Mapping[str, Tolerance] = {
    "float32": Tolerance(rtol=128 * 2**-24, atol=128 * 2**-24),
    "float64": Tolerance(rtol=128 * 2**-53, atol=128 * 2**-53),
    "float16": Tolerance(rtol=16 * 2**-11, atol=16 * 2**-11),
    "bfloat16": Tolerance(rtol=16 * 2**-8, atol=16 * 2**-8),
}
