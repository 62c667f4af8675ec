"""The line of one series as SVG: medians over commits, the band of its processes, steps, changes of the environment.

Drawn as text and not by matplotlib, which takes 100 ms a figure: a history has thousands. Colours are the page's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from markupsafe import Markup, escape

from reports.data import units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.history.change_points import ChangePoint
    from opbench.history.series import Series

    Values: TypeAlias = NDArray[np.float64]

WIDE, HIGH = 960, 280
LEFT, RIGHT, TOP, BOTTOM = 70, 14, 22, 34
"""Pixels around the plot for ticks and marks."""

LABELS = 7
"""Commits named below the plot, at most."""


def chart(series: Series) -> Markup:
    """The drawing; every point has a title with its commit, figures and processes."""
    x = _places(len(series))
    counts = series.counting
    y = _Heights(float(series.low_s[counts].min()), float(series.high_s[counts].max()))
    low, mid, high = y(series.low_s), y(series.median_s), y(series.high_s)
    parts = [
        *_grid(y),
        *_commits(series, x),
        *_environments(series, x),
        _band(x, low, high),
        f'<path class="mid" d="M{_joined(x, mid)}"/>',
        *_levels(series, series.steps, x, y),
        *_points(series, x, mid),
    ]
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="line" viewBox="0 0 {WIDE} {HIGH}" role="img">'
        f"<title>Latency over commits on {escape(series.machine)}</title>{''.join(parts)}</svg>"
    )
    return Markup(text)  # noqa: S704  (numbers of ours, and text that was escaped)


class _Heights:
    """From seconds to pixels, with some room at both ends, and where ticks stand."""

    def __init__(self, low: float, high: float) -> None:
        room = 0.06 * (high - low) or 0.02 * high
        self.low, self.high = low - room, high + room
        self.ticks = tuple(tick for tick in _ticks(self.low, self.high) if self.low < tick < self.high)

    def __call__(self, values: Values) -> Values:
        share = np.clip((values - self.low) / (self.high - self.low), 0, 1)  # what does not count may lie beyond
        found: Values = HIGH - BOTTOM - share * (HIGH - TOP - BOTTOM)
        return found


@lru_cache(maxsize=4096)
def _ticks(low: float, high: float) -> tuple[float, ...]:
    from matplotlib.ticker import MaxNLocator

    return tuple(MaxNLocator(4).tick_values(low, high))


def _places(count: int) -> Values:
    """Points stand evenly: a commit is a step, however long it took."""
    if count == 1:
        return np.array([(LEFT + WIDE - RIGHT) / 2])
    return np.linspace(LEFT + 8, WIDE - RIGHT - 8, count)


def _joined(x: Values, y: Values) -> str:
    return "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _band(x: Values, low: Values, high: Values) -> str:
    """Between the quickest and the slowest process; nothing where each point has one."""
    if not (low > high + 0.05).any():
        return ""
    return f'<path class="band" d="M{_joined(x, high)}L{_joined(x[::-1], low[::-1])}Z"/>'


def _grid(y: _Heights) -> Iterable[str]:
    for tick, at in zip(y.ticks, y(np.array(y.ticks)).tolist(), strict=True):
        yield f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDE - RIGHT}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{units.seconds(tick)}</text>'


def _commits(series: Series, x: Values) -> Iterable[str]:
    count = len(series)
    for at in np.unique(np.linspace(0, count - 1, min(LABELS, count)).round().astype(int)).tolist():
        name = escape(series.shared.commits[series.commit[at]][:7])
        anchor = "end" if at == count - 1 and count > 1 else "start" if at == 0 and count > 1 else "middle"
        yield f'<text class="tick" x="{x[at]:.1f}" y="{HIGH - 12}" text-anchor="{anchor}">{name}</text>'


def _environments(series: Series, x: Values) -> Iterable[str]:
    """A dashed line before the first point of another environment, with its number in the list below."""
    for number, (at, what) in enumerate(series.environment_changes(), 1):
        place = (x[at - 1] + x[at]) / 2
        yield (
            f'<g class="env"><title>{escape("; ".join(what))}</title><path d="M{place:.1f} {TOP}V{HIGH - BOTTOM}"/>'
            f'<text x="{place:.1f}" y="{TOP - 7}" text-anchor="middle">E{number}</text></g>'
        )


def _levels(series: Series, steps: Sequence[ChangePoint], x: Values, y: _Heights) -> Iterable[str]:
    """Between steps the geometric mean of the points that count, and at each step a mark in its colour."""
    bounds = [0, *(step.at for step in steps), len(series)]
    if not steps:
        return
    logs, quiet = np.log(series.median_s), ~series.contended
    levels = [float(np.exp(logs[a:b][quiet[a:b]].mean())) for a, b in pairwise(bounds)]
    heights = y(np.array(levels)).tolist()
    for left, right, height in zip(bounds, bounds[1:], heights, strict=False):
        yield f'<path class="level" d="M{x[left] - 4:.1f} {height:.1f}H{x[right - 1] + 4:.1f}"/>'
    for step, before, after in zip(steps, heights, heights[1:], strict=False):
        place = (x[step.at - 1] + x[step.at]) / 2
        kind = "slower" if step.ratio.mid > 1 else "faster"
        yield (
            f'<g class="{kind}"><title>{kind}: {units.factor(step.ratio.mid)}</title>'
            f'<path class="step" d="M{place:.1f} {before:.1f}V{after:.1f}"/></g>'
        )


def _points(series: Series, x: Values, mid: Values) -> Iterable[str]:
    names = series.shared.commits
    columns = (x, mid, series.commit, series.median_s, series.processes, series.contended)
    for px, py, commit, median_s, processes, busy in zip(*(one.tolist() for one in columns), strict=True):
        told = f"{names[commit]}: {units.seconds(median_s)}, {processes} process{'es' * (processes != 1)}"
        kind = ' class="busy"' if busy else ""
        yield f'<circle{kind} cx="{px:.1f}" cy="{py:.1f}" r="3"><title>{escape(told)}</title></circle>'
