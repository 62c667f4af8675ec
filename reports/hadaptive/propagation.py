"""Mean and variance through layers of cross-Hadamard products, theory and measured: section A.2, drawn.

    python -m reports.hadaptive.propagation PROPAGATION.json FOLDER

Reads what `python -m impls.hadaptive.propagation` writes; writes `propagation_deviation.svg` and
`propagation_mean.svg` into FOLDER. A panel for each normaliser, a colour for each scaling of the input. Lines are
theory, marks the typical position in each dtype, bars the middle nine tenths of the positions in the first of them; a
cross marks the first layer with a product that is no finite number, and names the dtypes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from reports.hadaptive.propagation_panel import DEVIATION, MEAN, Quantity, draw_panel, legend_handles
from reports.layout.canvas import new_figure
from reports.layout.program_files import drawn, read, write
from reports.layout.style import styled, to_svg

FORMAT = "opbench.hadaptive.propagation/1"

COLUMNS = 4
_WIDE, _HIGH = 2.6, 2.4  # inches: a panel


def propagation_figure(result: Mapping[str, Any], quantity: Quantity) -> bytes:
    """Draw one quantity, a panel for each normaliser; SVG. Raises UsageError for a result of another format."""
    if result.get("format") != FORMAT:
        raise UsageError(f"a result of format {result.get('format')!r}; expected a propagation.json, {FORMAT!r}")
    stacks = result["stacks"]
    columns = min(COLUMNS, len(stacks) + 1)
    rows = math.ceil((len(stacks) + 1) / columns)
    with styled():
        figure = new_figure(_WIDE * columns, _HIGH * rows)
        axes = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
        for ax, stack in zip(axes, stacks, strict=False):
            draw_panel(ax, stack, result, quantity)
        for ax in axes[len(stacks) :]:
            ax.set_axis_off()
        axes[len(stacks)].legend(handles=legend_handles(result), loc="upper left", fontsize=8, frameon=False)
        figure.supxlabel("layer", fontsize=9)
        figure.supylabel(quantity.label, fontsize=9)
        return to_svg(figure)


def main(arguments: Sequence[str]) -> int:
    """Draws both figures. Exit code 0, or the error's with one line on what is wrong."""
    return exit_code("propagation", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if len(arguments) != 2:
        raise UsageError(f"{len(arguments)} arguments; expected two: PROPAGATION.json FOLDER")
    for path in _draw(Path(arguments[0]), Path(arguments[1])):
        print(path)


def _draw(source: Path, folder: Path) -> list[Path]:
    result = read(source, "the propagation.json of impls.hadaptive.propagation")
    written = []
    for quantity in (DEVIATION, MEAN):
        path = folder / quantity.file
        write(path, drawn(source, FORMAT, partial(propagation_figure, result, quantity)))
        written.append(path)
    return written


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
