"""The last axis cut into blocks that share a scale, and what no format here takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import pad

if TYPE_CHECKING:
    from torch import Tensor

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
"""float32 holds all values of the others."""


def checked(x: Tensor) -> Tensor:
    """x in float32. Raises TypeError for another dtype than `DTYPES`, ValueError for infinities, NaN and no axis.

    The MX specification leaves to implementations what becomes of an infinity or a NaN (section 6.3), and integers have
    no code for either; a block would be lost to one of them without a word.
    """
    if x.dtype not in DTYPES:
        raise TypeError(f"x is {x.dtype}; expected float32, float16 or bfloat16")
    if x.dim() == 0:
        raise ValueError("x has no axis to quantise along; expected (*rows, columns)")
    wide = x.float().contiguous()
    finite = torch.isfinite(wide)
    if not finite.all():
        where = tuple((~finite).nonzero()[0].tolist())
        count = int(finite.numel() - finite.sum())
        raise ValueError(f"x is {float(wide[where])} at {where}, one of {count} such; expected finite numbers")
    return wide


def in_blocks(x: Tensor, block: int) -> Tensor:
    """(*rows, columns) to (*rows, blocks, block): zeros fill the last block, and change no scale."""
    missing = -x.shape[-1] % block
    padded = pad(x, (0, missing)) if missing else x
    return padded.view(*x.shape[:-1], padded.shape[-1] // block, block)


def out_of_blocks(x: Tensor, columns: int) -> Tensor:
    """(*rows, blocks, block) to (*rows, columns): back, without what was filled."""
    return x.flatten(-2)[..., :columns]
