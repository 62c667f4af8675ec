"""Series with intervals along an axis: how one is drawn, and its entry in the legend."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from opbench.vocabulary.interval import Interval
from reports.data import units
from reports.layout import canvas
from reports.layout.owners import Owner, belongs
from reports.layout.style import style_of

Line = Mapping[float, Interval]
"""x to an estimate and its interval."""


def draw_times(
    ax: Axes, x: str, lines: Mapping[str, Line], gaps: Mapping[str, Collection[float]], owner: Owner = "backend"
) -> None:
    """All series of a panel, latencies in seconds up and the axis `x` along."""
    for label, line in lines.items():
        draw_line(ax, label, line, gaps.get(label, ()), owner)
    ends = [end for line in lines.values() for time in line.values() for end in (time.low, time.high)]
    canvas.scale_x(ax, x, (place for line in lines.values() for place in line))
    canvas.scale_y(ax, units.seconds, ends)
    ax.set_ylabel("time of one call")


def draw_line(ax: Axes, label: str, line: Line, gaps: Collection[float] = (), owner: Owner = "backend") -> None:
    """A line with markers through the estimates, over the band of their intervals, broken at the gaps."""
    style, nothing = style_of(label), Interval(math.nan, math.nan, math.nan)
    whole = dict(sorted({**dict.fromkeys(gaps, nothing), **line}.items()))
    places, values = list(whole), list(whole.values())
    low, high = [value.low for value in values], [value.high for value in values]
    parts: list[Artist] = [
        *ax.plot(places, [value.mid for value in values], color=style.colour, marker=style.marker, ls=style.dash),
        ax.fill_between(places, low, high, color=style.colour, alpha=0.22, lw=0),
    ]
    for place in _alone(places, values):
        time = whole[place]  # between two gaps a band has no width
        parts.append(ax.vlines(place, time.low, time.high, color=style.colour, lw=2.5, alpha=0.35))
    belongs(parts, label, owner)


def _alone(places: Sequence[float], values: Sequence[Interval]) -> list[float]:
    """The places with a value whose neighbours have none."""
    known = [False, *(not math.isnan(value.mid) for value in values), False]
    around = zip(places, known, known[1:], known[2:], strict=False)
    return [place for place, before, here, after in around if here and not before and not after]


def handle(label: str, text: str = "", owner: Owner = "backend") -> Line2D:
    """The legend's entry of a series; `text` in place of its label."""
    style = style_of(label)
    entry = Line2D([], [], color=style.colour, marker=style.marker, ls=style.dash, label=text or label)
    belongs(entry, label, owner)
    return entry


def draw_dots(ax: Axes, label: str, places: Sequence[float], values: Sequence[float]) -> None:
    """The cases of one backend as markers without a line."""
    style = style_of(label)
    dots = ax.plot(
        places, values, ls="", marker=style.marker, color=style.colour, alpha=0.85, mec="white", mew=0.4, ms=5
    )
    belongs(dots, label)


def dots_handle(label: str) -> Line2D:
    """The legend's entry of what `draw_dots` drew."""
    style = style_of(label)
    entry = Line2D([], [], ls="", marker=style.marker, color=style.colour, label=label)
    belongs(entry, label)
    return entry
