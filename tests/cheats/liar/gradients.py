"""Mode backward, with gradients that cost nothing: kept from the forward pass, or of something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..behaving import Compute, kind, later

if TYPE_CHECKING:
    from torch import Tensor


def kept(grad: Tensor, _: Tensor) -> Compute:
    gradient = 2 * grad
    return lambda *_: gradient.clone()


def by_version(grad: Tensor, _: Tensor) -> Compute:
    known = {grad._version: 2 * grad}

    def compute(grad: Tensor, _: Tensor) -> Tensor:
        return known.setdefault(grad._version, 2 * grad).clone()

    return compute


def scaled(grad: Tensor, _: Tensor) -> Compute:
    first, gradient = float(grad[0]), 2 * grad
    return lambda grad, _: gradient * (grad[0] / first)


BACKEND = kind(
    __doc__ or "",
    modes=("backward",),
    honest=lambda *_: lambda grad, _: 2 * grad,
    kept=kept,
    by_version=by_version,
    scaled=scaled,
    of_a_sum=lambda *_: lambda grad, _: torch.full_like(grad, 2),
    detached=later(lambda grad, _: torch.zeros_like(grad)),
    itself=later(lambda grad, _: grad),
    later_of_a_sum=later(lambda grad, _: torch.full_like(grad, 2)),
    half=later(lambda grad, _: (2 * grad.half()).float()),
)
