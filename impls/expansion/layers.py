"""The functional pieces of the eager expansions: PyTorch's own operators, parameters passed as tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

EPSILON = 1e-5


def normalised(x: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """BatchNorm in eval: statistics are parameters, one of each per channel."""
    return functional.batch_norm(x, mean, variance, gamma, beta, training=False, eps=EPSILON)


def dysoft(x: Tensor, alpha: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """u / (1 + |u|) * scale + shift with u = alpha * x (Eq. 11); alpha (), scale and shift (channels,).

    Parameters keep three dimensions, so that counting can tell a scale from a factor at every batch and edge.
    """
    u = x * alpha
    return u / (u.abs() + 1) * scale[:, None, None] + shift[:, None, None]
