"""What the machine could do at most, read off the limits of records: a bandwidth of each memory level, one arithmetic.

Of a case's limit, all its bytes over the time they need alone are a bandwidth, all its operations over the time these
need alone are a rate. A level has several bandwidths: reads and writes are mixed differently, and between two working
sets that were measured a rate falls off.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import matplotlib.patheffects as effects
import numpy as np

from opbench.vocabulary.record import Record
from reports import units
from reports.limits import SHADES
from reports.style import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LETTERS: Any = {"fontsize": 7.5, "color": INK, "path_effects": [effects.withStroke(linewidth=2.5, foreground="white")]}


_LEADER = {"arrowstyle": "-", "color": FAINT, "lw": 0.6, "relpos": (1, 0.4), "shrinkA": 1, "shrinkB": 0}
_CORNER: Any = {"textcoords": "axes fraction", "ha": "left", "va": "top", "arrowprops": _LEADER}
_LINE = 0.055  # share of a panel's height from one name down to the next


@dataclass(frozen=True)
class Roof:
    """Bytes a second of one memory level: the least, the median and the largest of the cases in it."""

    level: str
    low: float
    mid: float
    high: float


@dataclass(frozen=True)
class Roofs:
    """Memory levels, the nearest first, and FLOP/s at most; None where no case computes anything."""

    levels: tuple[Roof, ...]
    peak: float | None

    @property
    def ridge(self) -> float | None:
        """FLOP a byte from where on the slowest level is no limit any more."""
        return self.peak / min(roof.mid for roof in self.levels) if self.peak and self.levels else None


def roofs(records: Iterable[Record]) -> Roofs:
    rates: dict[str, list[float]] = defaultdict(list)
    peaks = []
    for record in records:
        work, limit = record.work, record.limit
        if work is None or limit is None:
            continue
        if limit.memory_s > 0:
            rates[limit.level].append(work.moved_bytes / limit.memory_s)
        if limit.arithmetic_s > 0:
            peaks.append(work.flops / limit.arithmetic_s)
    order = sorted(rates, key=lambda level: (list(SHADES).index(level) if level in SHADES else len(SHADES), level))
    found = tuple(Roof(level, min(rates[level]), median(rates[level]), max(rates[level])) for level in order)
    return Roofs(found, max(peaks, default=None))


def draw_roofs(cell: Axes, found: Roofs) -> None:
    """Slanted lines up to the peak, in a band from the least to the largest; flat from the first ridge on."""
    left, right = cell.get_xlim()
    top = found.peak or math.inf
    for roof in found.levels:
        places = np.geomspace(left, min(right, top / roof.mid), 200)
        along = np.geomspace(left, right, 200)
        cell.plot(places, roof.mid * places, color=FAINT, lw=1)
        low, high = (np.minimum(rate * along, top) for rate in (roof.low, roof.high))
        cell.fill_between(along, low, high, color=SHADES.get(roof.level, FAINT), alpha=0.45, lw=0, zorder=0.5)
    if found.peak:
        start = min((found.peak / roof.mid for roof in found.levels), default=left)
        cell.hlines(found.peak, min(start, right), right, color=FAINT, lw=1)


def name_roofs(cell: Axes, found: Roofs) -> None:
    """Names in the corner that no case can reach, each with a thin line to its roof: those of caches lie together."""
    left, right = cell.get_xlim()
    bottom, top = cell.get_ylim()
    for number, roof in enumerate(found.levels):
        first, last = max(left, bottom / roof.mid), min(right, (found.peak or top) / roof.mid)
        x = first * (last / first) ** (0.8 - 0.6 * number / len(found.levels))
        text = f"{roof.level} {units.quantity(roof.mid)}B/s"
        cell.annotate(text, (x, roof.mid * x), (0.02, 0.985 - _LINE * number), **_CORNER, **_LETTERS)
    if found.peak:
        text = f"arithmetic {units.quantity(found.peak)}FLOP/s "
        cell.text(right, 1.1 * found.peak, text, ha="right", va="bottom", **_LETTERS)
