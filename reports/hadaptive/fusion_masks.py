"""Learned gates of a mask over inputs, of those that mean something and of those that mean nothing.

    python -m reports.hadaptive.fusion_masks MASKS.jsonl FIGURE.svg

Reads what `python -m impls.fusion.mask --records MASKS.jsonl` writes. A panel for each task of which it is known, and
each variant with learned gates; bars are shares of the inputs of all seeds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from reports.layout.canvas import head, legend, new_figure
from reports.layout.program_files import drawn, write
from reports.layout.style import BLUE, ORANGE, styled, to_svg

VARIANTS = {"learned": "learned gates", "penalised": "learned gates whose sum costs"}
_WIDE, _HIGH = 4.3, 2.3  # inches: a panel
_HIGHEST, _BINS = 2.0, 20

Lines = Sequence[Mapping[str, Any]]
"""Of the trainings of which it is known what the label depends on."""


def figure(lines: Lines) -> bytes:
    """SVG. Raises UsageError where no training has learned gates of inputs that are known."""
    tasks = list(dict.fromkeys(line["task"] for line in lines if line["variant"] in VARIANTS))
    if not tasks:
        raise UsageError("no learned gates of inputs of which some are known to be useless; there is nothing to draw")
    with styled():
        drawing = new_figure(_WIDE * len(VARIANTS), _HIGH * len(tasks) + 0.4)
        rows = drawing.subplots(len(tasks), len(VARIANTS), squeeze=False, sharex=True, sharey=True)
        for axes, task in zip(rows, tasks, strict=True):
            for ax, (variant, told) in zip(axes, VARIANTS.items(), strict=True):
                chosen = [line for line in lines if (line["task"], line["variant"]) == (task, variant)]
                _panel(ax, chosen)
                penalty = f", {chosen[0]['penalty']:g} each" if chosen and chosen[0]["penalty"] else ""
                head(ax, task[0].upper() + task[1:], f"{told}{penalty}; {len(chosen)} seeds")
        legend(drawing, [Patch(color=BLUE, label="of useful inputs"), Patch(color=ORANGE, label="of useless inputs")])
        drawing.supxlabel("gate; all begin at 1", fontsize=9)
        drawing.supylabel("share of the inputs", fontsize=9)
        return to_svg(drawing)


def _panel(ax: Axes, lines: Lines) -> None:
    edges = [_HIGHEST * place / _BINS for place in range(_BINS + 1)]
    for wanted, colour in ((False, ORANGE), (True, BLUE)):
        gates = [
            gate
            for line in lines
            for gate, useful in zip(line["gates"], line["useful"], strict=True)
            if useful == wanted
        ]
        weights = [1 / len(gates)] * len(gates)
        ax.hist(gates, edges, weights=weights, color=colour, alpha=0.65, edgecolor="white", linewidth=0.4)
    ax.set_xlim(0, _HIGHEST)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))


def read(path: Path) -> list[Mapping[str, Any]]:
    """Raises UsageError for a file that is not there or not of `impls.fusion.mask`."""
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if line["useful"] is not None]
    except FileNotFoundError as exc:
        raise UsageError(f"no file {path}; expected the lines of `python -m impls.fusion.mask --records`") from exc
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as exc:
        raise UsageError(f"{path} is not of impls.fusion.mask ({type(exc).__name__}: {exc!s:.200})") from exc


def main(arguments: Sequence[str]) -> int:
    """Exit code 0, or the error's with one line on what is wrong."""
    return exit_code("fusion_masks", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if len(arguments) != 2:
        raise UsageError(f"{len(arguments)} arguments; expected two: MASKS.jsonl FIGURE.svg")
    source, target = map(Path, arguments)
    lines = read(source)
    write(target, drawn(source, "impls.fusion.mask", lambda: figure(lines)))
    print(target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
