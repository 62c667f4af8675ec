"""Planes drawn as cells of one colour each, side by side: grey where there is nothing to say, hatched where unsure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from reports.data.grouping import grouped
from reports.data.naming import devices
from reports.data.planes import Cell, Plane, ground_of, shared_ground
from reports.layout import canvas
from reports.layout.style import FAINT, INK, luma

MOST_PLANES = 6
COLUMNS = 3

NOTHING = "#a9b1ba"
"""Grey of a cell without a comparison: well darker than the white in the middle of the colour range."""

HATCH = "////"

_WIDE, _HIGH, _ALONE = 2.95, 3.0, 5.2  # inches: a panel of several, its height, a panel alone
_LEFT, _TITLE_LINE = 0.95, 0.17  # inches: of a panel's width, its labels and what long letters take; a title's line
_TITLE_LETTER = 5.9  # points: a letter of it; of device names in DejaVu Sans they take 5.1 to 5.6
_TICKS = 8
_UNITS = {"batch": "batch (samples)", "edge": "edge (pixels)", "channels": "channels"}


@dataclass(frozen=True)
class Tiles:
    """A plane and the colours of its cells; one without a colour is grey.

    hatched: some of those with a colour.
    """

    plane: Plane
    colours: Mapping[Cell, str]
    hatched: Collection[Cell] = ()

    @property
    def grey(self) -> list[Cell]:
        return [cell for cell in self.plane.cells if cell not in self.colours]


def mosaic(
    tiles: Sequence[Tiles], title: str, handles: Sequence[Patch] = (), beside: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """Draw a panel for each plane, up to three to a row, under a title and what they were measured on.

    handles: what the colours mean; hatched and grey are explained without.
    beside: inches kept for a colour bar.
    """
    columns = min(COLUMNS, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    wide = _ALONE if columns == 1 else _WIDE
    width = wide * columns + beside
    shared = shared_ground([plane_tiles.plane for plane_tiles in tiles])
    figure = _titled(width, rows, (title, _where([plane_tiles.plane for plane_tiles in tiles], shared)))
    panels = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
    for unused in panels[len(tiles) :]:
        unused.set_axis_off()
    for ax, plane_tiles in zip(panels, tiles, strict=False):
        paint(ax, plane_tiles)
        plane = plane_tiles.plane
        canvas.head(ax, f"{plane.y} × {plane.x}", ground_of(plane, besides=shared), wide - _LEFT)
    _legend(figure, [*handles, *_explained(tiles)], columns)
    return figure, panels[: len(tiles)]


def _titled(width: float, rows: int, texts: Sequence[str]) -> Figure:
    """An empty figure for so many rows of maps, under these texts, each in as many lines as it takes."""
    lines = [line for text in texts for line in wrap(text, canvas.letters(width, _TITLE_LETTER))]
    figure = canvas.new_figure(width, rows * _HIGH + 0.66 + _TITLE_LINE * len(lines), w_pad=0.07, h_pad=0.07)
    figure.suptitle("\n".join(lines), x=0.008, ha="left", fontsize=10)
    return figure


def _where(planes: Sequence[Plane], shared: Collection[str]) -> str:
    """What they were measured on, in which setting, and at what: whatever all of them have in common.

    A device that was told apart from others of the run has its name in the setting already.
    """
    names = devices([record for plane in planes for record in plane.records])
    device = "" if names in planes[0].setting.device else names
    return "; ".join(filter(None, (device, str(planes[0].setting), ground_of(planes[0], only=shared))))


def paint(ax: Axes, tiles: Tiles) -> None:
    """Paint every cell in its colour; cells are equally wide whatever the axis's value."""
    plane = tiles.plane
    for colour, cells in grouped(plane.cells, lambda cell: tiles.colours.get(cell, NOTHING)).items():
        # One path for all cells of a colour: a tenth of the bytes of one path each. The line closes the seams.
        ax.add_patch(PathPatch(_squares(plane, cells), facecolor=colour, edgecolor=colour, lw=0.4))
    for ink, dark in ((INK, False), ("white", True)):
        if cells := [cell for cell in tiles.hatched if (luma(tiles.colours[cell]) < 0.5) == dark]:
            ax.add_patch(PathPatch(_squares(plane, cells), facecolor="none", edgecolor=ink, hatch=HATCH, lw=0))
    _frame(ax, plane)


def _squares(plane: Plane, cells: Iterable[Cell]) -> Path:
    columns = {x: place for place, x in enumerate(plane.columns)}
    rows = {y: place for place, y in enumerate(plane.rows)}
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], dtype=float)
    places = [corners + np.array((columns[x], rows[y])) for x, y in sorted(cells)]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(places)
    return Path(np.concatenate(places), codes)


def _frame(ax: Axes, plane: Plane) -> None:
    ax.grid(visible=False)
    ax.set_xlim(0, len(plane.columns))
    ax.set_ylim(0, len(plane.rows))
    ax.set_xlabel(_UNITS.get(plane.x, plane.x))
    ax.set_ylabel(_UNITS.get(plane.y, plane.y))
    ax.set_xticks(*_ticks(plane.columns))
    ax.set_yticks(*_ticks(plane.rows))


def _ticks(values: Sequence[float]) -> tuple[list[float], list[str]]:
    """At most _TICKS labels, evenly spread, in the middle of their cells."""
    step = math.ceil(len(values) / _TICKS)
    places = range(0, len(values), step)
    return [place + 0.5 for place in places], [str(values[place]) for place in places]


def _explained(tiles: Sequence[Tiles]) -> list[Patch]:
    """The legend's hatched and grey entries, where there are such cells."""
    handles = []
    if any(plane_tiles.hatched for plane_tiles in tiles):
        label = "undecided: 95 % intervals overlap"
        handles.append(Patch(facecolor="white", edgecolor=INK, hatch=HATCH, lw=0, label=label))
    if any(plane_tiles.grey for plane_tiles in tiles):
        handles.append(Patch(facecolor=NOTHING, edgecolor=FAINT, lw=0.4, label="no comparison"))
    return handles


def _legend(figure: Figure, handles: Sequence[Patch], columns: int) -> None:
    """Under all panels, as many entries to a row as there are panels."""
    if handles:
        figure.legend(
            handles=list(handles),
            loc="outside lower left",
            ncols=min(columns, len(handles)),
            columnspacing=1.6,
            handlelength=1.8,
            handleheight=1.1,
        )
