"""How far a correct bottleneck may be from float64, by dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opbench import Tolerance

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCES: Mapping[str, Tolerance] = {
    "float32": Tolerance(rtol=128 * 2**-24, atol=128 * 2**-24),
    "float64": Tolerance(rtol=128 * 2**-53, atol=128 * 2**-53),
    "float16": Tolerance(rtol=32 * 2**-11, atol=32 * 2**-11),
    "bfloat16": Tolerance(rtol=32 * 2**-8, atol=32 * 2**-8),
}
