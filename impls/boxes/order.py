"""Boxes in order of score, as every backend of PyTorch's or of a GPU's takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def by_score(scores: Tensor) -> Tensor:
    """Indices (n,) int64 by descending score, NaN first; the lower index first where scores are equal."""
    return scores.argsort(descending=True, stable=True)
