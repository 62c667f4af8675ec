"""Parameters under which ACH's selection is the same in every dtype, different in every sample, and never a tie.

Random scores leave neighbours closer than bfloat16 can tell apart, and then the top-k, and with it the whole
output, depends on rounding. So the scores are chosen first and the parameters from them:

- A seeded set of k + spare channels gets the rungs of a geometric ladder through BatchNorm's beta; all others
  score between -1 and 0.
- Each sample pushes `spare` low rungs far below zero through a channel mean of x, so that the selection differs
  between samples. Any positive multiple of x keeps the order.
- x's other part has no mean over the pixels and does not reach the scores.
- The convolution's matrix is orthogonal, which makes it invertible by its transpose; ECA's is inverted by series.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from impls.expansion.layers import EPSILON
from impls.expansion.values import normal, uniform

if TYPE_CHECKING:
    from torch import Tensor

    from impls.expansion.width import Width

STEP = 1.06
"""Ratio of neighbouring rungs; bfloat16 rounds to 1/256, and about four roundings lie before the scores."""

TAPS = (0.02, -0.05, 1.0, 0.05, -0.02)
"""ECA's weights: the neighbours count for enough that a wrong one changes the order."""


@dataclass(frozen=True)
class Scores:
    """Wanted scores: `base` (m,) from the parameters and `shift` (B, m) from each sample's x."""

    base: Tensor
    shift: Tensor


def wanted_scores(size: Width, random: torch.Generator) -> Scores:
    spare = min(size.m - size.k, max(1, size.k // 4)) if size.k else 0
    count = size.k + spare
    channels = torch.randperm(size.m, generator=random)[:count]
    rungs = STEP ** (torch.arange(count) - (count - 1) / 2)
    base = torch.zeros(size.m)
    shift = uniform((size.batch, size.m), random, -1.0, 0.0)
    base[channels] = rungs
    shift[:, channels] *= 0.005 * rungs
    low = min(2 * spare, count)
    dropped = torch.rand((size.batch, low), generator=random).argsort(dim=1)[:, :spare]
    shift.scatter_(1, channels[dropped], -4 * rungs[dropped])
    return Scores(base, shift)


def before_eca(scores: Tensor) -> Tensor:
    """Channel means (..., m) that ECA turns into these scores; the series gains a factor of 7 a term."""
    taps = torch.tensor(TAPS).reshape(1, 1, -1)
    means = scores
    for _ in range(12):
        mixed = functional.conv1d(means.reshape(-1, 1, means.shape[-1]), taps, padding=2)
        means = means + scores - mixed.reshape(scores.shape)
    return means


def orthogonal(m: int, random: torch.Generator) -> Tensor:
    """A dense orthogonal matrix (m, m) with entries of about 1/sqrt(m): cosines, rows shuffled, columns signed."""
    row, column = torch.arange(m, dtype=torch.float64)[:, None], torch.arange(m, dtype=torch.float64)
    cosines = (math.pi / m * (column + 0.5) * row).cos() * math.sqrt(2 / m)
    cosines[0] = 1 / math.sqrt(m)
    signs = torch.randint(0, 2, (m,), generator=random) * 2 - 1
    return (cosines[torch.randperm(m, generator=random)] * signs).float()


def draw_ach(size: Width, random: torch.Generator) -> dict[str, Tensor]:
    """Float32 values of every input of the ACH expansion."""
    m, scores = size.m, wanted_scores(size, random)
    weight, bias, offset = orthogonal(m, random), normal((m,), random, 0.3), normal((m,), random, 0.3)
    variance, gamma = uniform((m,), random, 0.5, 1.5), uniform((m,), random, 0.2, 0.3)
    gain = gamma / (variance + EPSILON).sqrt()
    means = before_eca(scores.shift) / gain @ weight
    ripple = normal((size.batch, m, size.edge, size.edge), random)
    ripple -= ripple.mean(dim=(2, 3), keepdim=True)
    return {
        "x": ripple + means[:, :, None, None],
        "weight": weight,
        "bias": bias,
        "mean": bias + offset,
        "variance": variance,
        "gamma": gamma,
        "beta": before_eca(scores.base) + gain * offset,
        "eca": torch.tensor(TAPS),
        "alpha": torch.tensor(0.5),
        "scale": uniform((size.pairs,), random, 0.8, 1.2),
        "shift": normal((size.pairs,), random, 0.2),
    }
