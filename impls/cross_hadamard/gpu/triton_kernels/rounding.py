"""From the stored dtype to the one products are made in, and back with one rounding to nearest even.

The compiler does both with the GPU's own conversions. The interpreter's bfloat16 conversion cuts digits off instead
of rounding, and loses NaN and denormal values, so there, and only there, the bits are moved by hand.
"""

from __future__ import annotations

import triton
import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel

INTERPRETED = tl.constexpr(triton.knobs.runtime.interpret)


@kernel
def widen(value: tl.tensor, wide: tl.constexpr) -> tl.tensor:
    """value as `wide`, exactly."""
    if INTERPRETED and value.dtype == tl.bfloat16:
        bits = value.to(tl.uint16, bitcast=True).to(tl.uint32) << 16
        result = bits.to(tl.float32, bitcast=True)
    else:
        result = value.to(wide)
    return result


@kernel
def narrow(value: tl.tensor, dtype: tl.constexpr) -> tl.tensor:
    """value rounded once to `dtype`."""
    if INTERPRETED and dtype == tl.bfloat16:
        bits = value.to(tl.uint32, bitcast=True)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        rounded = tl.where(value == value, rounded, 0x7FC0)  # noqa: PLR0124  (NaN is not equal to itself)
        result = rounded.to(tl.uint16).to(tl.bfloat16, bitcast=True)
    else:
        result = value.to(dtype)
    return result
