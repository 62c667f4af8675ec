"""Series whose truth is known: noise of several kinds, with a step of so much at a known point, or without one.

Noise has a standard deviation of 2 % as a whole, in every kind, so that a step of 5 % is as large beside each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]

POINTS = 90
NOISE = 0.02


def white(draw: np.random.Generator, count: int) -> Values:
    return draw.normal(0, NOISE, count)


def correlated(draw: np.random.Generator, count: int, by: float = 0.7) -> Values:
    """First-order autoregressive, stationary from the first point on."""
    fresh = draw.normal(0, 1, count)
    values = np.empty(count)
    values[0] = fresh[0]
    for place in range(1, count):
        values[place] = by * values[place - 1] + np.sqrt(1 - by**2) * fresh[place]
    return NOISE * values


def more_correlated(draw: np.random.Generator, count: int) -> Values:
    return correlated(draw, count, 0.9)


def two_modes(draw: np.random.Generator, count: int) -> Values:
    """Two modes 4 % apart, 70 to 30, each point in one of them by chance."""
    apart = 0.04
    within = np.sqrt(NOISE**2 - 0.21 * apart**2)
    return apart * (draw.random(count) < 0.3) + draw.normal(0, within, count)


def drifting(draw: np.random.Generator, count: int) -> Values:
    """5 % in all, from the first point to the last, under white noise."""
    return np.linspace(0, 0.05, count) + white(draw, count)


def drifting_correlated(draw: np.random.Generator, count: int) -> Values:
    """The same drift under noise that is correlated by 0.5."""
    return np.linspace(0, 0.05, count) + correlated(draw, count, 0.5)


def with_gaps(draw: np.random.Generator, count: int) -> Values:
    """Correlated by 0.7, and every third point is missing: NaN."""
    values = correlated(draw, count)
    values[draw.random(count) < 1 / 3] = np.nan
    return values


def odd_points(draw: np.random.Generator, count: int) -> Values:
    """White, and one point in 20 slower by 15 % on average: beyond the 2 %."""
    return white(draw, count) + (draw.random(count) < 0.05) * draw.exponential(0.15, count)


KINDS: dict[str, Callable[[np.random.Generator, int], Values]] = {
    "white": white,
    "correlated 0.7": correlated,
    "two modes": two_modes,
    "drifting": drifting,
    "a third missing": with_gaps,
    "odd points": odd_points,
    "correlated 0.9": more_correlated,
    "drifting, correlated": drifting_correlated,
}


PROCESSES: dict[str, tuple[int, float]] = {"2 processes": (2, 0.5**0.5), "5 processes": (5, 0.2868**0.5)}
"""How many there are at each commit, and the standard deviation of the median of that many normal values."""


def drawn(kind: str, seed: int, step: float = 0.0, at: int = 0) -> tuple[Values, float]:
    """Seconds as of `series`, and the variance of a point's logarithm as its processes tell it: 0 where it has one."""
    if kind not in PROCESSES:
        return series(kind, seed, step, at), 0.0
    processes, of_median = PROCESSES[kind]
    draw = np.random.default_rng([seed, processes, round(1000 * step), at])
    logs = draw.normal(0, NOISE / of_median, (POINTS, processes))
    logs[at:] += np.log1p(step) if step else 0.0
    return 1e-3 * np.exp(np.median(logs, axis=1)), float(logs.var(axis=1, ddof=1).mean() / processes)


def series(kind: str, seed: int, step: float = 0.0, at: int = 0, count: int = POINTS) -> Values:
    """Seconds, (count,), NaN where a point is missing. step: of the latency, 0.05 for 5 %; at: first slower point."""
    draw = np.random.default_rng([seed, list(KINDS).index(kind), round(1000 * step), at])
    logs = KINDS[kind](draw, count)
    logs[at:] += np.log1p(step) if step else 0.0
    return 1e-3 * np.exp(logs)
