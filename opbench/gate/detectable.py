"""The smallest slowdown that a run could have detected: what it would have confirmed nine times in ten.

A slowdown d moves every head value up by d and changes nothing else, so each condition of the decision turns into a
least d: the screening interval lies above no change once d exceeds its noise, the estimate above the tolerance once d
exceeds tolerance plus noise, fresh workers are wholly apart once d exceeds the gap by which they overlap. In units of
the spread between workers the noise of each is a fixed distribution, drawn here once from normal workers.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.exact import dropped_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

POWER = 0.9
"""Share of runs that would have confirmed it."""

DRAWS = 20_000
"""Imaginary runs; the quantile's own error is then under half a percent."""


def detectable(spread: float, tolerance: float, screening: int, confirming: int, confidence: float) -> float:
    """The least slowdown, as a ratio less 1, that is confirmed with probability POWER.

    spread: standard deviation between workers of one side, in logarithms. screening, confirming: workers a side.
    """
    if not math.isfinite(spread):
        return math.inf
    apart, above = _needed(screening, confirming, confidence)
    needed = np.maximum(spread * apart, math.log1p(tolerance) + spread * above)
    return math.expm1(float(np.quantile(needed, POWER)))


@lru_cache(maxsize=16)
def _needed(screening: int, confirming: int, confidence: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per imaginary run, in units of the spread: the d that sets the sides apart, the d that lifts both estimates."""
    random = np.random.default_rng(1963)
    screen = _differences(random, screening)
    confirm = _differences(random, confirming)
    dropped, _ = dropped_pairs(screening, screening, confidence)
    low = np.sort(screen, axis=1)[:, dropped]
    apart = -np.minimum(low, confirm.min(axis=1))
    above = -np.minimum(np.median(screen, axis=1), np.median(confirm, axis=1))
    return apart, above


def _differences(random: np.random.Generator, side: int) -> NDArray[np.float64]:
    """(DRAWS, side * side): head minus base of `side` normal workers each."""
    base, head = random.standard_normal((2, DRAWS, side))
    differences: NDArray[np.float64] = (head[:, :, None] - base[:, None, :]).reshape(DRAWS, -1)
    return differences
