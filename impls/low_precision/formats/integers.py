"""Symmetric integers: code * scale, codes from -(2^(bits - 1) - 1) to 2^(bits - 1) - 1, no zero point.

The scale is the largest magnitude of a row, or of a block of it, over the largest code, in float32: the symmetric
absmax quantisation of Dettmers et al., LLM.int8(), arXiv 2208.07339, section 2.1, by rows ("vector-wise").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from impls.low_precision.formats.blocks import checked, in_blocks, out_of_blocks
from impls.low_precision.formats.rounding import to_integers
from impls.low_precision.formats.stored import Stored

if TYPE_CHECKING:
    from torch import Tensor

LEAST = 2.0**-149
"""The smallest scale: float32's smallest number, so that a block of zeros can be divided by it."""


@dataclass(frozen=True)
class Integers:
    """A `Format`. bits_each: 2 to 8. block: elements that share a scale; 0 for all of a row."""

    bits_each: int
    block: int = 0

    @property
    def told(self) -> str:
        where = f"blocks of {self.block}" if self.block else "a row"
        return f"integers of {self.bits_each} bits, {where}, scale in float32"

    def rounded(self, x: Tensor, random: torch.Generator | None = None) -> Tensor:
        wide = checked(x)
        codes, scales = self._quantised(wide, random)
        return out_of_blocks(_scaled(codes.float(), scales), wide.shape[-1])

    def stored(self, x: Tensor, random: torch.Generator | None = None) -> Stored:
        wide = checked(x)
        codes, scales = self._quantised(wide, random)
        return Stored(out_of_blocks(codes.to(torch.int8), wide.shape[-1]), scales.squeeze(-1))

    def restored(self, stored: Stored) -> Tensor:
        blocks = in_blocks(stored.codes.float(), self._block(stored.codes))
        return out_of_blocks(_scaled(blocks, stored.scales[..., None]), stored.codes.shape[-1])

    def bits(self, rows: int, columns: int) -> int:
        scales = -(-columns // self.block) if self.block else min(columns, 1)
        return rows * (columns * self.bits_each + scales * 32)

    def _block(self, x: Tensor) -> int:
        return self.block or max(x.shape[-1], 1)

    def _quantised(self, x: Tensor, random: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Codes (*rows, blocks, block), float64, and scales (*rows, blocks, 1), float32.

        The quotient is taken in float64: in float32 it may be rounded onto a tie that it is not.
        """
        blocks = in_blocks(x, self._block(x))
        largest = (1 << (self.bits_each - 1)) - 1
        scales = (blocks.abs().amax(-1, keepdim=True) / largest).clamp(min=LEAST)
        codes = to_integers(blocks.double() / scales.double(), random)
        return codes.clamp(-largest, largest), scales


def _scaled(codes: Tensor, scales: Tensor) -> Tensor:
    """In float32. A scale that was rounded up, times the largest code, may be beyond it: then it is its largest."""
    most = torch.finfo(torch.float32).max
    return (codes * scales).clamp(-most, most)
