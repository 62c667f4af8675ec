"""MX: blocks of elements with one power of two as their scale. OCP Microscaling Formats (MX) Specification v1.0.

The scale is a byte, E8M0: 2^(code - 127), code 255 for NaN (section 5.4.1). It is the largest power of two that is no
larger than the largest magnitude of the block, divided by the largest power of two among the elements (section 6.3), so
that what lies beyond the largest element saturates: of E2M1 magnitudes of 6 to 8 times the scale become 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from impls.low_precision.formats.blocks import checked, in_blocks, out_of_blocks
from impls.low_precision.formats.rounding import power_below
from impls.low_precision.formats.stored import Stored

if TYPE_CHECKING:
    from torch import Tensor

    from impls.low_precision.formats.floats import FloatElement

BIAS, NAN = 127, 255
"""Of E8M0."""


@dataclass(frozen=True)
class Microscaling:
    """A `Format`. The last block of a row may be shorter than `block`; the specification's formats have 32."""

    element: FloatElement
    block: int = 32

    @property
    def told(self) -> str:
        name = f"E{self.element.exponent_bits}M{self.element.mantissa_bits}"
        return f"{name}, blocks of {self.block}, scale 2^k in a byte"

    def rounded(self, x: Tensor, random: torch.Generator | None = None) -> Tensor:
        wide = checked(x)
        blocks = in_blocks(wide, self.block)
        scales = self._scales(blocks)
        return out_of_blocks(self.element.rounded(blocks / scales, random) * scales, wide.shape[-1])

    def stored(self, x: Tensor, random: torch.Generator | None = None) -> Stored:
        wide = checked(x)
        blocks = in_blocks(wide, self.block)
        scales = self._scales(blocks)
        codes = self.element.encoded(self.element.rounded(blocks / scales, random))
        exponents = torch.frexp(scales.squeeze(-1)).exponent - 1
        return Stored(out_of_blocks(codes, wide.shape[-1]), (exponents + BIAS).to(torch.uint8))

    def restored(self, stored: Stored) -> Tensor:
        exponents = stored.scales.double() - BIAS
        scales = torch.where(stored.scales == NAN, torch.nan, torch.exp2(exponents)).float()
        blocks = in_blocks(self.element.decoded(stored.codes), self.block)
        return out_of_blocks(blocks * scales[..., None], stored.codes.shape[-1])

    def bits(self, rows: int, columns: int) -> int:
        return rows * (columns * self.element.bits + -(-columns // self.block) * 8)

    def _scales(self, blocks: Tensor) -> Tensor:
        """(*rows, blocks, 1), float32. Of a block of zeros, for which there is no logarithm, the smallest: 2^-127."""
        largest = blocks.abs().amax(-1, keepdim=True)
        return (power_below(largest) * 2.0**-self.element.greatest_exponent).clamp(min=2.0**-BIAS)
