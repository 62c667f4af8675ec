"""Computes in fewer digits than were asked for, once it was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..behaving import Compute, kind, later, right

if TYPE_CHECKING:
    from torch import Tensor


def through(dtype: torch.dtype) -> Compute:
    return lambda x, offset: right(x.to(dtype), offset.to(dtype)).float()


def truncated(x: Tensor, offset: Tensor) -> Tensor:
    """Ten bits of the mantissa, as TF32 has."""
    bits = right(x, offset).view(torch.int32)
    return (bits & ~0x1FFF).view(torch.float32)


BACKEND = kind(
    __doc__ or "",
    bfloat16=later(through(torch.bfloat16)),
    float16=later(through(torch.float16)),
    float8=later(lambda x, offset: right(x, offset).to(torch.float8_e5m2).float()),
    accumulated=later(lambda x, offset: (x.half() + x.half()).float() + offset),
    truncated=later(truncated),
    rounded=later(lambda x, offset: right(x, offset).round(decimals=1)),
    nudged=later(lambda x, offset: right(x, offset) * (1 + 4e-6)),
    nan=later(lambda x, offset: right(x, offset).log_()),
    clamped=later(lambda x, offset: right(x, offset).clamp_(max=900)),
)
