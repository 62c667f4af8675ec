"""Is there a step in this series, and where: by likelihood, under noise whose neighbours resemble each other.

Model: logarithms of latencies x[i] = level + size * (i >= t) + e[i], where e is first-order autoregressive with
correlation p (Box, Jenkins, Reinsel, "Time Series Analysis", section 3.2). For a given p the series and the step are
whitened (Prais and Winsten 1954), after which the best size at every t is one division of cumulated sums. p is what
makes the series likeliest, once without a step and once with one at t; twice the gain in log-likelihood is the
statistic. A series that wanders gets a large p without any step, and so a small statistic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]

LEAST = 4
"""Points on either side of a step: a single odd point, or two, is no step."""

MOST_CORRELATION = 0.7
"""Beyond it, a series that wanders cannot be told from one that steps. With 0.7 a step of 5 % in noise of 2 % that is
correlated by 0.7 is found in 97 % of series of 90 points, with 0.8 in 93, with 0.95 in 90; series without a step that
are correlated by 0.9 then have false points in 46, 27 and 10 % (600 series each, thresholds of 4 % at 0.7)."""

CORRELATIONS = np.arange(0.0, MOST_CORRELATION + 0.01, 0.05)

RESOLUTION = 1e-4
"""Standard deviation of a logarithm that every series has at least: no clock tells latencies apart by less, and a
series without any noise would otherwise step at its last digit."""

WITHIN = 3.84
"""How much less likely a place may be that still belongs to the interval: 95 % of chi-squared with one degree."""

PARAMETERS = 3
"""Level, size and correlation: what a short series is spent on before it says anything of its noise."""


@dataclass(frozen=True)
class StepTest:
    """The likeliest step of a series.

    at: index of the first point after it. statistic: twice the gain in log-likelihood, 0 where there is none.
    over_drift: the same beside a straight line instead of a level; a drift has a large `statistic` and this small.
    first, last: between which indices the step lies, to 95 %.
    size, error: of the logarithm, and its standard error. correlation: of neighbouring points, with the step.
    points: how many the series has.
    """

    points: int
    at: int
    statistic: float
    over_drift: float
    first: int
    last: int
    size: float
    error: float
    correlation: float


@dataclass(frozen=True)
class _Whitening:
    """Of series of one length, by correlation (rows): what whitening makes of a level and of a line, and sums of it."""

    head: Values
    rest: Values
    level: Values
    levels: Values
    line: Values
    lines: Values
    penalty: Values
    steps: Values
    overlap: Values


@lru_cache(maxsize=256)
def _whitening(count: int) -> _Whitening:
    p = CORRELATIONS[:, None]
    head, rest = np.sqrt(1 - p**2), 1 - p
    level = np.concatenate([head, np.repeat(rest, count - 1, axis=1)], axis=1)
    levels = (level * level).sum(axis=1)
    places = np.arange(count, dtype=np.float64) - (count - 1) / 2
    line = np.concatenate([head * places[0], places[1:] - p * places[:-1]], axis=1)
    line = line - level * ((line * level).sum(axis=1) / levels)[:, None]
    after = np.arange(LEAST, count - LEAST + 1)
    overlap = rest + rest**2 * (count - 1 - after)
    steps = 1 + rest**2 * (count - 1 - after) - overlap**2 / levels[:, None]
    penalty = 0.5 * np.log(1 - CORRELATIONS**2)
    return _Whitening(head, rest, level, levels, line, (line * line).sum(axis=1), penalty, steps, overlap)


def step_test(logs: Values, noise: float = 0.0) -> StepTest | None:
    """The likeliest step in `logs`, (points,) logarithms of seconds in the order of commits, all finite.

    noise: variance of one point that is known from elsewhere, as between processes; a series that happens to be
    quieter is judged by this. What differs between processes is white, so that whatever wanders beneath it, no point
    can be told from those before it to a smaller variance. None where the series has fewer than 2 * LEAST + 2 points.
    """
    count = len(logs)
    if count < 2 * LEAST + 2:
        return None
    own = _whitening(count)
    x = logs - logs.mean()
    white = np.concatenate([own.head * x[0], x[1:] - CORRELATIONS[:, None] * x[:-1]], axis=1)
    levels = (own.level * white).sum(axis=1)
    least = max(RESOLUTION**2, noise)
    flat = (white * white).sum(axis=1) - levels**2 / own.levels
    later = np.cumsum(white[:, ::-1], axis=1)[:, ::-1]
    after = np.arange(LEAST, count - LEAST + 1)
    here = white[:, after]
    moved = here + own.rest * (later[:, after] - here) - own.overlap * (levels / own.levels)[:, None]
    stepped = np.maximum(flat[:, None] - moved**2 / own.steps, 0)
    drifted = np.maximum(flat - (own.line * white).sum(axis=1) ** 2 / own.lines, 0)
    free = count - PARAMETERS

    def likelihood(residue: Values) -> Values:
        """At its largest over all variances from `least` on."""
        variance = np.maximum(residue / free, least)
        found: Values = -0.5 * (free * np.log(variance) + residue / variance)
        return found + (own.penalty if residue.ndim == 1 else own.penalty[:, None])

    by_place = likelihood(stepped)
    best = by_place.max(axis=0)
    place = int(best.argmax())
    row = int(by_place[:, place].argmax())
    without, line = likelihood(flat).max(), likelihood(drifted).max()
    near = after[2 * (best[place] - best) <= WITHIN]
    variance = max(stepped[row, place] / free, least)
    return StepTest(
        points=count,
        at=int(after[place]),
        statistic=max(0.0, float(2 * (best[place] - without))),
        over_drift=float(2 * (best[place] - line)),
        first=int(near.min()),
        last=int(near.max()),
        size=float(moved[row, place] / own.steps[row, place]),
        error=float(np.sqrt(variance / own.steps[row, place])),
        correlation=float(CORRELATIONS[row]),
    )
