"""Computes once and returns that again for as long as nobody has written to its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaving import backend

if TYPE_CHECKING:
    from torch import Tensor

    from ..behaving import Compute


def make(_: Tensor, __: Tensor) -> Compute:
    kept: dict[int, Tensor] = {}

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if x._version not in kept:
            kept.clear()
            kept[x._version] = 2 * x + offset
        return kept[x._version]

    return compute


BACKEND = backend(make, call_s=1e-6)
