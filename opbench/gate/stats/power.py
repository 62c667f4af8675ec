"""The smallest slowdown that a run could have detected: what it would have confirmed nine times in ten.

A slowdown d moves every head value up by d and changes nothing else, so each condition of the decision turns into a
least d: the screening interval lies above no change once d exceeds its noise, the estimate above the tolerance once d
exceeds tolerance plus noise, fresh workers are slower beyond chance once d exceeds the gap by which they overlap. In
units of the spread between workers the noise of each is a fixed distribution, drawn here once from normal workers.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from opbench.gate.stats.rank_test import critical_pairs, dropped_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.stats.rule import Rule

    Draws: TypeAlias = NDArray[np.float64]

POWER = 0.9
"""Share of runs that would have confirmed it."""

SURE = 0.99
"""The same of a confirmation alone, by which its size is chosen."""

DRAWS = 20_000
"""Imaginary runs; the quantile's own error is then under half a percent."""


def detectable_slowdown(spread: float, screening: int, rule: Rule) -> float:
    """The least slowdown, as a ratio less 1, that is confirmed with probability POWER.

    spread: standard deviation between workers of one side, in logarithms.
    screening: workers a side.
    """
    tail = _tail_of_runs(screening, rule.confidence, rule.most_confirming, rule.strict)
    return _least_slowdown(tail, POWER, spread, rule.tolerance)


def confirmable_slowdown(spread: float, tolerance: float, per_side: int, p: float) -> float:
    """The least slowdown, as a ratio less 1, that so many fresh workers a side confirm with probability SURE."""
    return _least_slowdown(_tail_of_confirmations(per_side, p), SURE, spread, tolerance)


def _least_slowdown(tail: tuple[Draws, Draws], share: float, spread: float, tolerance: float) -> float:
    """tail: of the imaginary runs, those that may be among the 1 - share which need the largest slowdown."""
    if not math.isfinite(spread):
        return math.inf
    apart, above = tail
    needed = np.maximum(spread * apart, math.log1p(tolerance) + spread * above)
    return math.expm1(float(_nth_largest(needed, share)))


@lru_cache(maxsize=16)
def _tail_of_runs(screening: int, confidence: float, side: int, p: float) -> tuple[Draws, Draws]:
    low, middle = _screened(screening, confidence)
    apart, again = _confirmed(side, p)
    return _tail(POWER, np.maximum(low, apart), np.maximum(middle, again))


@lru_cache(maxsize=16)
def _tail_of_confirmations(side: int, p: float) -> tuple[Draws, Draws]:
    return _tail(SURE, *_confirmed(side, p))


def _tail(share: float, apart: Draws, above: Draws) -> tuple[Draws, Draws]:
    """The runs above either condition's own quantile. Whatever spread and tolerance weigh them with, all others need
    less than the quantile of the larger of the two.
    """
    largest = (apart >= _nth_largest(apart, share)) | (above >= _nth_largest(above, share))
    return apart[largest], above[largest]


def _nth_largest(draws: Draws, share: float) -> np.float64:
    """The value above which 1 - share of DRAWS lie, of draws that hold the largest of them."""
    n = round((1 - share) * DRAWS)
    value: np.float64 = np.partition(draws, len(draws) - n)[len(draws) - n]
    return value


@lru_cache(maxsize=16)
def _screened(side: int, confidence: float) -> tuple[Draws, Draws]:
    """Per imaginary run, in units of the spread: the d that lifts the interval above none, and the estimate."""
    ordered = _differences(1963, side)
    dropped, _ = dropped_pairs(side, side, confidence)
    return -ordered[:, dropped], -_middles(ordered)


@lru_cache(maxsize=16)
def _confirmed(side: int, p: float) -> tuple[Draws, Draws]:
    """The d at which enough pairs have head as the slower for so small a p, and the one that lifts the estimate."""
    ordered = _differences(1945, side)
    overlapping = side * side - critical_pairs(side, side, p)
    return -ordered[:, overlapping], -_middles(ordered)


def _differences(seed: int, side: int) -> Draws:
    """(DRAWS, side * side): head minus base of `side` normal workers each, in ascending order."""
    base, head = np.random.default_rng([seed, side]).standard_normal((2, DRAWS, side))
    differences: Draws = (head[:, :, None] - base[:, None, :]).reshape(DRAWS, -1)
    return np.sort(differences, axis=1)


def _middles(ordered: Draws) -> Draws:
    """(DRAWS,): the median of every row. NumPy's own takes as long as the sorting, to find what is in order."""
    count = ordered.shape[1]
    middles: Draws = (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2
    return middles
