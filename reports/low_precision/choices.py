"""Which treatment is the cheapest of the best, by product, pattern and format.

    python -m reports.low_precision.choices STUDY.json FOLDER

Reads what `python -m impls.low_precision.study` writes; writes `low_precision.svg` into FOLDER. A row for each kind of
product and pattern of its operands, a column for each format, a cell's colour its treatment. In the cell, the error
that it leaves, in multiples of what plain quantisation does, and in small letters its interval over seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Patch, Rectangle

from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from reports.layout.canvas import legend, new_figure
from reports.layout.program_files import drawn, read, write
from reports.layout.style import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION, luma, styled, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMAT = "opbench.low_precision/1"
FILE = "low_precision.svg"
COLOURS = {
    "plain": "#d8dee4",
    "transform": SKY,
    "signed transform": BLUE,
    "rows": ORANGE,
    "inner": "#F0E442",
    "transform + rows": VERMILLION,
    "transform + inner": GREEN,
    "adaptive": PURPLE,
    "by pattern": "#a5a9ae",
}
WIDE, HIGH = 1.15, 0.42  # inches: a cell
LEFT, TOP = 2.9, 1.1  # inches: names of rows, those of columns with the legend


def choices_figure(study: Mapping[str, Any]) -> bytes:
    """SVG. Raises UsageError for a study of another format."""
    if study.get("format") != FORMAT:
        raise UsageError(f"a study of format {study.get('format')!r}; expected a study.json, {FORMAT!r}")
    cells = [cell for cell in study["cells"] if cell["patterns"] != "all"]
    rows = sorted({(cell["kind"], cell["patterns"], cell["products"]) for cell in cells}, key=_order(cells))
    formats = list(dict.fromkeys(cell["kept"] for cell in cells))
    with styled():
        figure = new_figure(LEFT + WIDE * len(formats), TOP + HIGH * len(rows))
        ax = figure.subplots()
        for cell in cells:
            at = rows.index((cell["kind"], cell["patterns"], cell["products"]))
            _draw(ax, cell, formats.index(cell["kept"]), at)
        _name(ax, rows, formats)
        chosen = dict.fromkeys(name for name in COLOURS if any(cell["chosen"] == name for cell in cells))
        legend(figure, [Patch(facecolor=COLOURS[name], label=name) for name in chosen])
        return to_svg(figure)


def _order(cells: Sequence[Mapping[str, Any]]) -> Any:
    """Kinds as the study has them, in each the pattern of most products first."""
    kinds = list(dict.fromkeys(cell["kind"] for cell in cells))
    return lambda row: (kinds.index(row[0]), -row[2], row[1])


def _draw(ax: Axes, cell: Mapping[str, Any], column: int, row: int) -> None:
    colour = COLOURS[cell["chosen"]]
    low, mid, high = cell["ratios"][cell["chosen"]]
    ink = INK if luma(colour) > 0.5 else "white"
    ax.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.5))
    ax.text(column + 0.5, row + 0.38, f"{mid:.2f}", ha="center", va="center", color=ink)
    if None not in (low, high) and cell["chosen"] != "plain":
        ax.text(column + 0.5, row + 0.76, f"{low:.2f} to {high:.2f}", ha="center", va="center", color=ink, fontsize=6.5)


def _name(ax: Axes, rows: Sequence[tuple[str, str, int]], formats: Sequence[str]) -> None:
    ax.set_xlim(0, len(formats))
    ax.set_ylim(len(rows), 0)
    ax.set_xticks([at + 0.5 for at in range(len(formats))], formats)
    ax.set_yticks([at + 0.5 for at in range(len(rows))], [f"{kind}: {pair} ({count})" for kind, pair, count in rows])
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlabel(
        "the cheapest treatment within 5 % of the least error; its error, times plain's, and the interval over seeds",
        fontsize=8,
        color=FAINT,
    )


def main(arguments: Sequence[str]) -> int:
    """Draws the figure. Exit code 0, or the error's with one line on what is wrong."""
    return exit_code("choices", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if len(arguments) != 2:
        raise UsageError(f"{len(arguments)} arguments; expected two: STUDY.json FOLDER")
    source, path = Path(arguments[0]), Path(arguments[1]) / FILE
    study = read(source, "the study.json of impls.low_precision.study")
    write(path, drawn(source, FORMAT, lambda: choices_figure(study)))
    print(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
