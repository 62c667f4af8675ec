"""Confidence of an architecture search, a cell for each layer and candidate: the paper's Tables 3 and 10 to 12, drawn.

    python -m reports.hadaptive.search_confidence RESULT.json FIGURE.svg

Reads what `python -m impls.hadaptive.search` writes. Layers go from the image down; a darker cell is a likelier
candidate, a framed one the likeliest; a layer that was not searched has dashes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from opbench.cli.plain import plain
from opbench.errors import OpbenchError, UsageError
from reports.layout.canvas import write_beside, write_ground
from reports.layout.style import BLUE, FAINT, GRID, INK, styled, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMAT = "opbench.hadaptive.confidence/1"
GROUPS = ("CNA", "Ghost", "ACH", "Blank")
"""In the order of the paper's columns."""

Column = tuple[str, str]

_CELL, _ROW, _LEFT, _ABOVE = 0.52, 0.27, 1.5, 1.25  # inches: a column, a row, room for labels, for title and heads
_NARROWEST = 5.2
_HEAD, _NAMES = 20, 16  # points: a line of groups, a line of what tells their columns apart
_DARK = 0.55  # from here on white letters
_SHADES = LinearSegmentedColormap.from_list("confidence", ["#ffffff", BLUE])


def confidence_figure(result: Mapping[str, Any]) -> bytes:
    """Draw one search's result; SVG. Raises UsageError for something else, or a search that had no choice."""
    if result.get("format") != FORMAT:
        raise UsageError(f"a result of format {result.get('format')!r}; expected a search's result.json, {FORMAT!r}")
    rows = result["layers"]
    columns = _columns(rows)
    if not columns:
        raise UsageError("a search without a layer that had a choice; there is no confidence to draw")
    width = max(_NARROWEST, _LEFT + _CELL * len(columns))
    with styled():
        figure = Figure(figsize=(width, _ABOVE + _ROW * len(rows)), layout="constrained")
        ax = figure.subplots()
        _frame(ax, rows, columns)
        for place, row in enumerate(rows):
            _row(ax, place, row, columns)
        _entitled(ax, result, over=any(detail for _, detail in columns))
        return to_svg(figure)


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Group by group; within one numbers in rising order, then names."""
    pairs = {(candidate["group"], candidate["detail"]) for row in rows for candidate in row["candidates"]}
    return sorted(pairs, key=lambda candidate: (GROUPS.index(candidate[0]), _rank(candidate[1])))


def _rank(detail: str) -> list[tuple[bool, float, str]]:
    parts = [(part, part.replace(".", "").isdigit()) for part in detail.split("-")]
    return [(not numeric, float(part) if numeric else 0.0, part) for part, numeric in parts]


def _entitled(ax: Axes, result: Mapping[str, Any], *, over: bool) -> None:
    """Title and ground above the heads. over: whether columns have names of their own under those of their groups."""
    asked, above = result["question"], _HEAD + _NAMES * over
    title = f"Confidence of the search “{asked['space']}” on {asked['data']}"
    ax.set_title(title, loc="left", pad=above + 26)
    write_ground(ax, _ground(result), above)


def _ground(result: Mapping[str, Any]) -> str:
    settings, history = result["settings"], result["history"]
    ended = (
        f"{len(history)} of {settings['epochs']} epochs"
        if len(history) < settings["epochs"]
        else f"{len(history)} epochs"
    )
    return (
        f"softmax of the logits in percent; {ended}, {settings['annealing']} annealing, seed {settings['seed']}\n"
        f"framed: the arg-max network, {100 * result['test_accuracy']:.1f} % of the test images with shared weights"
    )


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
        write_beside(ax, group, middle, (0, 4 + _NAMES * named), xycoords=ax.get_xaxis_transform(), **style)
        first = last + 1
        if first < len(columns):
            ax.axvline(last + 0.5, color=GRID, linewidth=1.2, zorder=0)


def _label(row: Mapping[str, Any]) -> str:
    return f"{row['channels']}{' ↓' if row['stride'] > 1 else '  '}"


def _row(ax: Axes, place: int, row: Mapping[str, Any], columns: Sequence[Column]) -> None:
    shares = {(candidate["group"], candidate["detail"]): candidate["confidence"] for candidate in row["candidates"]}
    likeliest = None if row["chosen"] is None else list(shares)[row["chosen"]]
    for at, column in enumerate(columns):
        share = shares.get(column)
        if share is None:
            ax.text(at, place, "–", ha="center", va="center", fontsize=8, color=FAINT)
            continue
        edge = INK if column == likeliest else "white"
        wide = 1.4 if column == likeliest else 0.8
        box = Rectangle((at - 0.46, place - 0.42), 0.92, 0.84, facecolor=_SHADES(share), edgecolor=edge, linewidth=wide)
        ax.add_patch(box)
        ink = "white" if share > _DARK else INK
        heavy = "bold" if column == likeliest else "normal"
        ax.text(at, place, _percent(share), ha="center", va="center", fontsize=8, color=ink, fontweight=heavy)


def _percent(share: float) -> str:
    """To the nearest whole percent, as in the paper's tables; what would be 0 is below 1."""
    return f"{max(1, round(100 * share))}" if share >= 0.005 else "<1"


def main(arguments: Sequence[str]) -> int:
    """Draws one result. Exit code 0, or 2 with one line on what is wrong."""
    try:
        if len(arguments) != 2:
            raise UsageError(f"{len(arguments)} arguments; expected two: RESULT.json FIGURE.svg")
        Path(arguments[1]).write_bytes(_drawn(Path(arguments[0])))
    except OpbenchError as exc:
        print(plain(f"search_confidence: {exc}"), file=sys.stderr)
        return exc.exit_code
    return 0


def _drawn(path: Path) -> bytes:
    """Raises UsageError where the file is no search's result, whatever else it holds."""
    try:
        return confidence_figure(read(path))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as exc:
        raise UsageError(
            f"{path} does not fit {FORMAT!r} ({type(exc).__name__}: {exc!s:.200}); expected the result.json of a search"
        ) from exc


def read(path: Path) -> Mapping[str, Any]:
    """What a search wrote, unchecked. Raises UsageError where there is no file, no JSON, or no object in it."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise UsageError(f"no file {path}; expected the result.json of a search") from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{path} is not JSON ({exc!s:.200}); expected the result.json of a search") from exc
    if not isinstance(result, dict):
        raise UsageError(f"{path} holds a {type(result).__name__}; expected the result.json of a search")
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
