"""What parts of a block cost, in closed form: hundreds of thousands of blocks are tried, and building one takes longer.

`tests/impls/hadaptive/replacing/test_forms.py` holds whole models against them.
"""

from __future__ import annotations

from typing import NamedTuple

from impls.cross_hadamard.pairs import pair_count
from impls.hadaptive.ach_parts.selection import TAPS


class Parts(NamedTuple):
    """parameters: those that train. thop: what thop counts, half of the paper's FLOPs."""

    parameters: int
    thop: int


def total(*parts: Parts) -> Parts:
    return Parts(sum(part.parameters for part in parts), sum(part.thop for part in parts))


def convolution(inputs: int, outputs: int, edge: int, kernel: int = 1) -> Parts:
    """With its BatchNorm, and no bias; edge: of the map that comes out."""
    weights = inputs * outputs * kernel**2
    return Parts(weights + 2 * outputs, (weights + 4 * outputs) * edge**2)


def bare(inputs: int, outputs: int, edge: int) -> Parts:
    """A 1x1 convolution without BatchNorm and bias."""
    return Parts(inputs * outputs, inputs * outputs * edge**2)


def depthwise(channels: int, edge: int, kernel: int, *, norm: bool = True) -> Parts:
    weights = channels * kernel**2
    return Parts(weights + 2 * channels * norm, (weights + 4 * channels * norm) * edge**2)


def squeeze(channels: int, squeezed: int, edge: int) -> Parts:
    """Squeeze-and-excitation: mean, two 1x1 convolutions with biases; nothing for `squeezed` 0."""
    if not squeezed:
        return Parts(0, 0)
    weights = 2 * channels * squeezed
    return Parts(weights + channels + squeezed, weights + channels * (edge**2 + 1))


def ach(channels: int, k: int, edge: int) -> Parts:
    """With DySoft: mixing with its bias, BatchNorm, scores."""
    mixing = Parts(channels**2 + 3 * channels, (channels**2 + 4 * channels) * edge**2)
    scores = Parts(TAPS, channels * (edge**2 + 1 + TAPS))
    return total(mixing, scores, Parts(1 + 2 * pair_count(k), 0))
