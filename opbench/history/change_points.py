"""Change points of a series: where a line of latencies steps, by how much, and how sure that is.

Each window of the series is searched for its likeliest step (`step_test`): the whole, and halves of it, so that what
went up and came back is found as two steps. The clearest step that passes parts the series, and either part is searched
again. What passes explains the series better than a level does, by `least_statistic`, and better than a drift;
`python -m benchmarks.history.rules` has what that finds and what it invents, beside other tools' rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from opbench.history.step_test import LEAST, StepTest, step_test
from opbench.vocabulary.interval import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]

WHITE, CORRELATED = 10.0, 12.8
"""Statistics that a step needs in noise whose neighbours do not resemble each other, and in noise where they do, from a
correlation of 0.55 on; from 0.2 to 0.55 between the two. 6,000 series of 90 points without a step that are correlated
by 0.7 then have 0.0498 false points each, with 13.0 0.047; of 6,000 steps of 5 % in noise of 2 % 95.1 and 94.8 % are
found. White ones have 0.015."""

OVER_DRIFT = 6.5
"""Of `StepTest.over_drift`. With 6, 4.9 % of series that drift by 5 % in white noise of 2 % have a step, with 7 3.9 %;
with 6 55 % of true steps of 2 % are found, with 7 45."""

LONG = 70
"""Points from which on all of OVER_DRIFT is asked for, and nothing of it at 20: over few points a step and a drift look
alike. Of steps of 5 % ten points before the end of 30, 91 % pass 3, 76 % pass 6.5; of 50, 98 and 97 % (white, 2 %)."""

WANDERING, OVER_WANDERING = 0.45, -3.0
"""From this correlation on a step may even be this much less likely than a drift, because what wanders looks like one
more often than not: were 0 asked for, steps of 5 % would be found in 94.8 and not in 95.8 %. Of series that drift under
white noise, 5 % have a correlation above 0.2; one that drifts by far more than its noise has a large one, and is far
likelier a drift."""

OF_HALVES = 15.0
"""That a step of a half needs more. With 4, series correlated by 0.7 have a false one in 6.9 % and those that drift in
10.5; with 12 in 5.5 and 3.4, with 15 in 4.9 and 2.3. Without halves, ten commits that were slower by 8 % and mended are
never found in white noise of 2 %, with 12 always, with 15 in 93 % (60 series)."""

WINDOW = 7
"""Points whose running median says where a point ought to lie."""

FAR = 5.0
"""Standard deviations from the running median at which a point counts as if it lay there: an odd point is no noise. Of
series with one point in 20 slower by 15 % on average, 94.8 % of steps of 5 % are found, without this 81.8; with 3,
noise of two modes 6 % apart has false points in 9 and not in 2 %, because the rarer mode is drawn in."""

SHORTEST = 24
"""Points of a half: that of a shorter one tells little of its noise."""

MAD_TO_SD = 1.4826
"""Standard deviation over median absolute deviation, of normal values."""


@dataclass(frozen=True)
class ChangePoint:
    """A step of a series.

    at: index of the first point after it. first, last: indices between which it lies, to about 95 %. before: index of
    the last point that counts and is surely before it, `first` - 1 where every point counts.
    ratio: latency after over latency before, with its 95 % interval, approximate: of 400 steps of 5 % it covers 94 %
    in white noise and 89 in noise correlated by 0.7. Above 1 is slower.
    statistic: twice the gain in log-likelihood. correlation: of neighbouring points, by which the step was judged.
    """

    at: int
    before: int
    first: int
    last: int
    ratio: Interval
    statistic: float
    correlation: float

    def moved_to(self, places: NDArray[np.int64]) -> ChangePoint:
        """The same with its indices looked up: of a series of which only the points at `places` were searched."""
        at, before, first, last = (int(places[one]) for one in (self.at, self.before, self.first, self.last))
        return replace(self, at=at, before=before, first=first, last=last)


def change_points(values_s: Values, noise: float = 0.0) -> list[ChangePoint]:
    """The steps of a series, from the left. values_s: (points,) seconds, in the order of commits, without missing ones.

    noise: variance of the logarithm of one point as its processes tell it, 0 where each point has one process.
    Raises ValueError for a value that is not positive and finite.
    """
    latencies = np.isfinite(values_s) & (values_s > 0)
    if not latencies.all():
        raise ValueError(f"latencies must be positive and finite, got {values_s[~latencies][:3]}")
    logs = without_odd_points(np.log(values_s))
    found = sorted(_parted(logs, 0, noise), key=lambda one: one[0] + one[1].at)
    bounds = [0, *(left + test.at for left, test in found), len(logs)]
    return [
        _change_point(*_alone(logs[start:end], start, one, noise))
        for one, start, end in zip(found, bounds, bounds[2:], strict=False)
    ]


def without_odd_points(logs: Values) -> Values:
    """The series with every point drawn in that lies farther than FAR from the running median of its neighbours."""
    if len(logs) < WINDOW:
        return logs
    around = np.pad(logs, WINDOW // 2, mode="edge")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(around, WINDOW), axis=1)
    beside = logs - usual
    reach = FAR * MAD_TO_SD * np.median(np.abs(beside))
    drawn: Values = usual + np.clip(beside, -reach, reach)
    return drawn if reach else logs


Found: TypeAlias = tuple[int, StepTest]
"""Where the window begins in which a step was found, and its test there."""


def _parted(logs: Values, start: int, noise: float) -> Iterator[Found]:
    """The steps of this part, which begins at `start` of the series."""
    best = _clearest(logs, noise)
    if best is None:
        return
    left, test = best
    at = left + test.at
    yield start + left, test
    yield from _parted(logs[:at], start, noise)
    yield from _parted(logs[at:], start + at, noise)


def _clearest(logs: Values, noise: float) -> Found | None:
    tested = [
        (left, test)
        for left, part, more in _windows(logs)
        if (test := step_test(part, noise)) is not None and passes(test, more)
    ]
    return max(tested, key=lambda one: one[1].statistic, default=None)


def _windows(logs: Values) -> Iterator[tuple[int, Values, float]]:
    """The whole, and three halves that overlap where they are long enough; what a step of each needs more."""
    yield 0, logs, 0.0
    half = len(logs) // 2
    if half >= SHORTEST:
        for left in (0, half // 2, len(logs) - half):
            yield left, logs[left : left + half], OF_HALVES


def passes(test: StepTest, more: float = 0.0) -> bool:
    """Whether it is a step. more: that its statistic needs on top of what its noise asks for."""
    needed = OVER_DRIFT * min(max((test.points - 20) / (LONG - 20), 0.0), 1.0)
    over_drift = needed if test.correlation < WANDERING else OVER_WANDERING
    return test.statistic >= least_statistic(test.correlation) + more and test.over_drift >= over_drift


def least_statistic(correlation: float) -> float:
    return WHITE + (CORRELATED - WHITE) * min(max((correlation - 0.2) / 0.35, 0.0), 1.0)


def _alone(part: Values, start: int, found: Found, noise: float) -> Found:
    """The step as the points between its neighbours show it, which begin at `start`; as it was found where it is not
    plain there, or would come near another.

    To drop it then would cost true steps: where noise makes a second one beside them, either looks small alone, and of
    1,500 steps of 5 % in noise correlated by 0.7, 94.3 and not 95.5 % would be found.
    """
    left, before = found
    test = step_test(part, noise)
    same = test is not None and abs(start + test.at - left - before.at) < LEAST / 2 and passes(test)
    return (start, test) if test is not None and same else found


def _change_point(left: int, test: StepTest) -> ChangePoint:
    reach = 1.96 * test.error
    low, mid, high = (math.exp(test.size + by) for by in (-reach, 0.0, reach))
    at, first, last = (left + one for one in (test.at, test.first, test.last))
    return ChangePoint(at, first - 1, first, last, Interval(low, mid, high), test.statistic, test.correlation)
