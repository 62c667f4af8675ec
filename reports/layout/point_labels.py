"""Names written beside the points of a panel, with a thin line to a point whose name had to go far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reports.layout.label_placement import between, leader, placed
from reports.layout.style import FAINT, INK

_SIZE = 7.6  # points: letters
_BAR = 9  # points that stand for an interval's bar


@dataclass(frozen=True)
class Name:
    """A text for the point (x, y) in data units; `low` and `high` end a horizontal bar through it."""

    text: str
    x: float
    y: float
    low: float
    high: float
    strong: bool = False


def settle(figure: Figure) -> None:
    """Lay the figure out once and keep it so: names are placed on paper, not in data units."""
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def write_names(ax: Axes, names: Sequence[Name], path: Sequence[tuple[float, float]] = ()) -> None:
    """Write the names into a panel of a settled figure; `path` is a drawn line, in data units, not to be covered."""
    if not names:
        return
    points = _on_paper(ax, [(name.x, name.y) for name in names])
    bars = [(x, name.y) for name in names for x in np.linspace(name.low, name.high, _BAR)]
    drawn = [_on_paper(ax, bars), *(between(a, b) for a, b in pairwise(_on_paper(ax, path)))]
    sizes = [_size(ax, name) for name in names]
    frame = np.asarray(ax.bbox.extents) * _points(ax)
    boxes = placed(points, sizes, np.concatenate(drawn), frame)
    for name, point, box in zip(names, points, boxes, strict=True):
        _write(ax, name, point, box)


def _points(ax: Axes) -> float:
    """Points in a pixel."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # a panel without one cannot be drawn at all
    return 72 / figure.dpi


def _on_paper(ax: Axes, places: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Places in data units as points from the figure's corner."""
    pixels = ax.transData.transform(np.asarray(places, dtype=np.float64).reshape(-1, 2))
    return np.asarray(pixels, dtype=np.float64) * _points(ax)


def _size(ax: Axes, name: Name) -> tuple[float, float]:
    """Width and height of the text, in points."""
    text = ax.text(0, 0, name.text, fontsize=_SIZE, fontweight=_weight(name))
    box = text.get_window_extent()
    text.remove()
    return box.width * _points(ax), box.height * _points(ax)


def _weight(name: Name) -> str:
    return "bold" if name.strong else "normal"


def _write(ax: Axes, name: Name, point: NDArray[np.float64], box: NDArray[np.float64]) -> None:
    x, y = (box[:2] + box[2:]) / 2 - point
    beside: Any = {"xytext": (x, y), "textcoords": "offset points", "ha": "center", "va": "center"}
    ax.annotate(name.text, (name.x, name.y), **beside, fontsize=_SIZE, fontweight=_weight(name), color=INK)
    end = leader(point, box)
    if end is not None:
        line = {"arrowstyle": "-", "color": FAINT, "lw": 0.6, "shrinkA": 0, "shrinkB": 3}
        ax.annotate("", (name.x, name.y), tuple(end - point), textcoords="offset points", arrowprops=line)
