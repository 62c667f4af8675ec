"""What a format is to a product, and a tensor as it lies in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Stored(NamedTuple):
    """codes: (*rows, columns), uint8 (floats) or int8. scales: (*rows, blocks), uint8 (E8M0) or float32."""

    codes: Tensor
    scales: Tensor


class Format(Protocol):
    """Quantises along the last axis, each row by itself. What it cannot take raises as `blocks.checked`."""

    @property
    def told(self) -> str:
        """Element, block and scale in a few words."""

    def rounded(self, x: Tensor, random: torch.Generator | None = None) -> Tensor:
        """(*rows, columns) to the values that its codes and scales stand for, float32. random: stochastically."""

    def stored(self, x: Tensor, random: torch.Generator | None = None) -> Stored:
        """Codes and scales of the same values."""

    def restored(self, stored: Stored) -> Tensor:
        """The values, float32, (*rows, columns)."""

    def bits(self, rows: int, columns: int) -> int:
        """What codes and scales of that many rows take, packed."""
