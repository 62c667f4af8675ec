"""Whether a tensor is of the kind that it has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opbench.errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def expect(what: str, given: Tensor, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    """Raise UsageError for another dtype or shape. what: such as "a target's boxes"; a size of -1 fits nothing."""
    if given.dtype != dtype or tuple(given.shape) != shape:
        wanted = ", ".join("n" if size < 0 else str(size) for size in shape)
        raise UsageError(
            f"{what} are {given.dtype} of shape {tuple(given.shape)}; expected {dtype} of shape ({wanted})"
        )
