"""One panel of confidences: a cell for each layer and candidate, heads above them, channels beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from reports.layout.canvas import write_beside
from reports.layout.style import BLUE, FAINT, GRID, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROUPS = ("CNA", "Ghost", "ACH", "Blank")
"""In the order of the paper's columns."""

Column = tuple[str, str]

HEAD, NAMES = 20, 16
"""Points: a line of groups, a line of what tells their columns apart."""

_DARK = 0.55  # from here on white letters
_SHADES = LinearSegmentedColormap.from_list("confidence", ["#ffffff", BLUE])


@dataclass(frozen=True)
class Share:
    """What a cell shows: a confidence from 0 to 1, how it is written, and whether it is the likeliest of its layer."""

    value: float
    text: str
    framed: bool


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """All columns, group by group; within one numbers in rising order, then names."""
    pairs = {(candidate["group"], candidate["detail"]) for row in rows for candidate in row["candidates"]}
    return sorted(pairs, key=lambda candidate: (GROUPS.index(candidate[0]), _rank(candidate[1])))


def _rank(detail: str) -> list[tuple[bool, float, str]]:
    parts = [(part, part.replace(".", "").isdigit()) for part in detail.split("-")]
    return [(not numeric, float(part) if numeric else 0.0, part) for part, numeric in parts]


def draw_panel(
    ax: Axes, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], shares: Sequence[Sequence[Share]]
) -> None:
    """Draw a row for each layer. shares: by layer, those of its candidates in their order."""
    _frame(ax, rows, columns)
    for place, row in enumerate(rows):
        keys = [(candidate["group"], candidate["detail"]) for candidate in row["candidates"]]
        _row(ax, place, dict(zip(keys, shares[place], strict=True)), columns)


def _frame(ax: Axes, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(visible=False)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.set_xticks(range(len(columns)), [detail for _, detail in columns])
    ax.set_yticks(range(len(rows)), [_label(row) for row in rows])
    for place, row in enumerate(rows):
        if not row["candidates"]:
            ax.get_yticklabels()[place].set_color(FAINT)
    ax.set_ylabel("output channels, ↓ halves the edge")
    _heads(ax, columns)


def _heads(ax: Axes, columns: Sequence[Column]) -> None:
    """A group's name above its columns, and a line between one group and the next."""
    first, named = 0, any(detail for _, detail in columns)
    for group, members in groupby(columns, key=lambda column: column[0]):
        last = first + len(list(members)) - 1
        middle, style = ((first + last) / 2, 1), {"ha": "center", "fontsize": 8.5, "fontweight": "bold"}
        write_beside(ax, group, middle, (0, 4 + NAMES * named), xycoords=ax.get_xaxis_transform(), **style)
        first = last + 1
        if first < len(columns):
            ax.axvline(last + 0.5, color=GRID, linewidth=1.2, zorder=0)


def _label(row: Mapping[str, Any]) -> str:
    return f"{row['channels']}{' ↓' if row['stride'] > 1 else '  '}"


def _row(ax: Axes, place: int, shares: Mapping[Column, Share], columns: Sequence[Column]) -> None:
    for at, column in enumerate(columns):
        share = shares.get(column)
        if share is None:
            ax.text(at, place, "–", ha="center", va="center", fontsize=8, color=FAINT)
            continue
        edge, wide = (INK, 1.4) if share.framed else ("white", 0.8)
        corner = (at - 0.46, place - 0.42)
        colour = _SHADES(share.value)
        ax.add_patch(Rectangle(corner, 0.92, 0.84, facecolor=colour, edgecolor=edge, linewidth=wide))
        ink = "white" if share.value > _DARK else INK
        heavy = "bold" if share.framed else "normal"
        ax.text(at, place, share.text, ha="center", va="center", fontsize=8, color=ink, fontweight=heavy)
