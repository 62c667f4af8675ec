"""Float64 definitions of the same pieces, spelled out: no convolution, no normalisation call, no shared code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs


def exact(inputs: Inputs) -> Inputs:
    """The inputs in float64: rounding of the inputs is not the backend's error."""
    return {name: tensor.double() for name, tensor in inputs.items()}


def mix(x: Tensor, weight: Tensor) -> Tensor:
    """A 1x1 convolution: every pixel's channels times the matrix."""
    return torch.einsum("nm,bmhw->bnhw", weight[:, :, 0, 0], x)


def normalise(x: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    columns = [parameter[:, None, None] for parameter in (mean, variance, gamma, beta)]
    return (x - columns[0]) / (columns[1] + 1e-5).sqrt() * columns[2] + columns[3]


def hard_swish(x: Tensor) -> Tensor:
    return x * (x + 3).clamp(0, 6) / 6


def spread(x: Tensor, weight: Tensor) -> Tensor:
    """A 3x3 depthwise convolution: nine shifted copies, each scaled per channel. weight (C, 1, 3, 3)."""
    height, width = x.shape[2:]
    total = torch.zeros_like(x)
    padded = x.new_zeros(*x.shape[:2], height + 2, width + 2)
    padded[:, :, 1:-1, 1:-1] = x
    for row in range(3):
        for column in range(3):
            shifted = padded[:, :, row : row + height, column : column + width]
            total += shifted * weight[:, 0, row, column, None, None]
    return total


def channel_scores(x: Tensor, weight: Tensor) -> Tensor:
    """(B, C): the channel means, each summed with its two neighbours on either side. weight (1, 1, 5)."""
    means = x.sum(dim=(2, 3)) / (x.shape[2] * x.shape[3])
    padded = means.new_zeros(means.shape[0], means.shape[1] + 4)
    padded[:, 2:-2] = means
    taps = weight.flatten()
    return torch.stack([padded[:, c : c + 5] @ taps for c in range(means.shape[1])], dim=1)


def strongest(scores: Tensor, k: int) -> Tensor:
    """(B, k) channel numbers, highest score first."""
    return scores.argsort(dim=1, descending=True)[:, :k]


def all_pairs(x: Tensor, index: Tensor) -> Tensor:
    """Products of the selected channels, sample by sample, row by row of the triangle."""
    samples = [torch.cat(_rows(sample[chosen])) for sample, chosen in zip(x, index, strict=True)]
    k = index.shape[1]
    return torch.stack(samples) if samples else x.new_empty(0, k * (k - 1) // 2, *x.shape[2:])


def _rows(z: Tensor) -> list[Tensor]:
    return [z[:0], *(z[i] * z[i + 1 :] for i in range(z.shape[0]))]


def soft_sign(x: Tensor, alpha: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    u = alpha * x
    return u / (1 + u.abs()) * scale.view(-1, 1, 1) + shift.view(-1, 1, 1)
