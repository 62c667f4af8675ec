"""A machine's roofs drawn into a panel whose axes are scaled: their lines, their bands and their names."""

from __future__ import annotations

import math
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes

from reports.data import units
from reports.data.limits import SHADES
from reports.data.roofs import Roofs
from reports.layout.style import FAINT, INK

_LETTERS: Any = {"fontsize": 7.5, "color": INK, "path_effects": [effects.withStroke(linewidth=2.5, foreground="white")]}


_LEADER = {"arrowstyle": "-", "color": FAINT, "lw": 0.6, "relpos": (1, 0.4), "shrinkA": 1, "shrinkB": 0}
_CORNER: Any = {"textcoords": "axes fraction", "ha": "left", "va": "top", "arrowprops": _LEADER}
_LINE = 0.055  # share of a panel's height from one name down to the next


def draw_roofs(ax: Axes, roofs: Roofs) -> None:
    """Draw slanted lines up to the peak, in a band from the least to the largest; flat from the first ridge on."""
    left, right = ax.get_xlim()
    top = roofs.peak or math.inf
    for roof in roofs.levels:
        places = np.geomspace(left, min(right, top / roof.mid), 200)
        along = np.geomspace(left, right, 200)
        ax.plot(places, roof.mid * places, color=FAINT, lw=1)
        low, high = (np.minimum(rate * along, top) for rate in (roof.low, roof.high))
        ax.fill_between(along, low, high, color=SHADES.get(roof.level, FAINT), alpha=0.45, lw=0, zorder=0.5)
    if roofs.peak:
        start = min((roofs.peak / roof.mid for roof in roofs.levels), default=left)
        ax.hlines(roofs.peak, min(start, right), right, color=FAINT, lw=1)


def name_roofs(ax: Axes, roofs: Roofs) -> None:
    """Write names in the corner that no case can reach, each with a thin line to its roof: caches' lie together."""
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    for number, roof in enumerate(roofs.levels):
        first, last = max(left, bottom / roof.mid), min(right, (roofs.peak or top) / roof.mid)
        x = first * (last / first) ** (0.8 - 0.6 * number / len(roofs.levels))
        text = f"{roof.level} {units.quantity(roof.mid)}B/s"
        ax.annotate(text, (x, roof.mid * x), (0.02, 0.985 - _LINE * number), **_CORNER, **_LETTERS)
    if roofs.peak:
        text = f"arithmetic {units.quantity(roofs.peak)}FLOP/s "
        ax.text(right, 1.1 * roofs.peak, text, ha="right", va="bottom", **_LETTERS)
