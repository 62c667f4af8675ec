"""Accuracy of fusions of two views over the noise in one of them: a panel for each task and each way of training.

    python -m reports.hadaptive.fusion_views VIEWS.csv FIGURE.svg

Reads what `python -m impls.fusion.views --records VIEWS.csv` writes. Marks are means over seeds, bars their 95 %
intervals by Student's t. One seed has no interval: no bar is drawn, and the panel says so.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from opbench.vocabulary.student import mean_interval
from reports.layout.canvas import head, legend, new_figure
from reports.layout.program_files import drawn, write
from reports.layout.style import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILLION, styled, to_svg

Dash = Literal["-", "--", "-."]

LOOKS: Mapping[str, tuple[str, str, Dash]] = {
    "product": (BLUE, "o", "-"),
    "concatenation": (ORANGE, "^", "-"),
    "sum": (GREEN, "s", "-"),
    "cross-attention": (VERMILLION, "D", "-"),
    "sum and product": (SKY, "v", "-."),
    "clean view alone": (BLACK, "X", "--"),
}
"""Colour, marker, dashes."""
TITLES = {"halves": "Halves of a digit", "copy": "A digit and its copy"}
WAYS = {True: "trained on the same noise", False: "trained without noise"}
_WIDE, _HIGH = 4.3, 2.9  # inches: a panel
_APART = 0.035  # of the axis' length: between the marks of two fusions at one noise

Shares = Mapping[tuple[str, str, bool, float], Sequence[float]]
"""Accuracies of all seeds, by task, fusion, whether it was trained on the noise that it is tested with, and noise."""


def figure(shares: Shares) -> bytes:
    """SVG. Raises UsageError where there is none, and for a fusion that has no look."""
    tasks = sorted({task for task, *_ in shares}, key=lambda task: [*TITLES, task].index(task))
    if not tasks:
        raise UsageError("no accuracies; expected lines of `python -m impls.fusion.views --records`")
    with styled():
        drawing = new_figure(_WIDE * len(WAYS), _HIGH * len(tasks) + 0.4)
        rows = drawing.subplots(len(tasks), len(WAYS), squeeze=False)
        for axes, task in zip(rows, tasks, strict=True):
            for ax, (same, told) in zip(axes, WAYS.items(), strict=True):
                _panel(ax, shares, task, same=same)
                alone = any(len(values) == 1 for key, values in shares.items() if key[::2] == (task, same))
                head(ax, TITLES.get(task, task), f"{told}; one seed has no interval" if alone else told)
        legend(drawing, _entries({fusion for _, fusion, *_ in shares}))
        drawing.supxlabel("noise in the second view, in deviations of a pixel", fontsize=9)
        drawing.supylabel("right answers", fontsize=9)
        return to_svg(drawing)


def _entries(fusions: set[str]) -> list[Line2D]:
    return [
        Line2D([], [], color=colour, marker=marker, linestyle=dash, label=name)
        for name, (colour, marker, dash) in LOOKS.items()
        if name in fusions
    ]


def _panel(ax: Axes, shares: Shares, task: str, *, same: bool) -> None:
    noises = sorted({noise for other, _, trained, noise in shares if (other, trained) == (task, same)})
    names = [name for name in LOOKS if any(key[:3] == (task, name, same) for key in shares)]
    for place, name in enumerate(names):
        colour, marker, dash = LOOKS[name]
        means = [mean_interval(shares[task, name, same, noise]) for noise in noises]
        middles = [mean.mid for mean in means]
        halves = [
            mean.high - mean.mid if math.isfinite(mean.high) else math.nan for mean in means
        ]  # of one seed no bar
        shift = _APART * (place - (len(names) - 1) / 2)
        at = [number + shift for number in range(len(noises))]
        ax.errorbar(at, middles, halves, color=colour, marker=marker, linestyle=dash, elinewidth=1, capsize=0)
    ax.xaxis.set_major_locator(FixedLocator(range(len(noises))))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{noises[int(value)]:g}"))
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))  # whole percents, as they are written
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))


def read(path: Path) -> dict[tuple[str, str, bool, float], list[float]]:
    """Raises UsageError for a file that is not there or not of `impls.fusion.views`."""
    found: dict[tuple[str, str, bool, float], list[float]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                trained, tested, accuracy = (float(line[name]) for name in ("trained", "tested", "accuracy"))
                # Without noise in either it is the first mark of both panels.
                for same in {trained == tested, trained != 0}:
                    found.setdefault((line["task"], line["fusion"], same, tested), []).append(accuracy)
    except FileNotFoundError as exc:
        raise UsageError(f"no file {path}; expected the CSV of `python -m impls.fusion.views --records`") from exc
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as exc:
        raise UsageError(f"{path} is not of impls.fusion.views ({type(exc).__name__}: {exc!s:.200})") from exc
    unknown = sorted({fusion for _, fusion, *_ in found} - LOOKS.keys())
    if unknown:
        raise UsageError(f"{path} has the fusion {unknown[0]!r}; there are: {', '.join(LOOKS)}")
    return found


def main(arguments: Sequence[str]) -> int:
    """Exit code 0, or the error's with one line on what is wrong."""
    return exit_code("fusion_views", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if len(arguments) != 2:
        raise UsageError(f"{len(arguments)} arguments; expected two: VIEWS.csv FIGURE.svg")
    source, target = map(Path, arguments)
    shares = read(source)
    write(target, drawn(source, "impls.fusion.views", lambda: figure(shares)))
    print(target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
