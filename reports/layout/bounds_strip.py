"""A strip along the top of a panel that says what sets the limit of the points below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from matplotlib.axes import Axes

from reports.data.limits import SHADES
from reports.data.series import Panel
from reports.layout.style import FAINT, GRID

STRIP = 0.925
"""Share of the axis from where the strip of names takes the rest."""

LETTER = 0.022
"""Share of a panel's width that a letter of a name takes, the narrowest panel's."""


@dataclass(frozen=True)
class Area:
    """Neighbouring x with the same `bound`; `first` and `last` are measured values."""

    bound: str
    first: float
    last: float


def areas(panel: Panel) -> list[Area]:
    """What sets the limit, from left to right."""
    bounds = {panel.position(record): record.limit.set_by for record in panel.records if record.limit is not None}
    runs = [(bound, list(run)) for bound, run in groupby(sorted(bounds), key=bounds.__getitem__)]
    return [Area(bound, run[0], run[-1]) for bound, run in runs]


def draw_strip(ax: Axes, strip: Sequence[Area]) -> set[str]:
    """A strip along the top: its areas meet in the middle between measured values, as the axis is scaled, and carry
    their names where these fit. Returns the other names.
    """
    scale = ax.xaxis.get_transform()
    ends = [scale.transform((area.first, area.last)).tolist() for area in strip]
    edges = _edges(scale.transform(ax.get_xlim()).tolist(), ends)
    places = [float(place) for place in scale.inverted().transform(edges)]
    ax.set_xlim(places[0], places[-1])
    for place in places[1:-1]:
        ax.axvline(place, ymax=STRIP, color=FAINT, lw=0.7, ls=":")
    nameless = set()
    for area, (start, stop), (low, high) in zip(strip, pairwise(places), pairwise(edges), strict=True):
        ax.axvspan(start, stop, ymin=STRIP, color=SHADES.get(area.bound, GRID), lw=0, zorder=3)
        if (high - low) / (edges[-1] - edges[0]) > LETTER * len(area.bound):
            middle = float(scale.inverted().transform([(low + high) / 2])[0])
            ax.text(middle, (1 + STRIP) / 2, area.bound, transform=ax.get_xaxis_transform(), **_NAME)
        else:
            nameless.add(area.bound)
    return nameless


_NAME: Any = {"ha": "center", "va": "center_baseline", "fontsize": 7.5, "zorder": 4}


def _edges(axis: Sequence[float], ends: Sequence[Sequence[float]]) -> list[float]:
    """From one end of the axis to the other, the middles between the areas' ends in between."""
    return [axis[0], *((before[1] + after[0]) / 2 for before, after in pairwise(ends)), axis[1]]
