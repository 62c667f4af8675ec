"""Confidence of searches over their epochs, a panel for each layer: the mean of several seeds, and every one of them.

    python -m reports.hadaptive.search_curves FIGURE.svg RESULT.json...

Reads what `python -m impls.hadaptive.search` writes, from searches that differ in their seeds alone. The confidences of
candidates of one kind (Ghost, ACH, blank) are added up: which kind wins is the question; kernels and k are in the table
of `reports.hadaptive.search_confidence`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from reports.hadaptive.confidence_panel import GROUPS
from reports.hadaptive.search_confidence import FORMAT, read
from reports.layout.canvas import new_figure
from reports.layout.style import BLUE, FAINT, GREEN, ORANGE, PURPLE, styled, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = dict(zip(GROUPS, (GREEN, ORANGE, BLUE, PURPLE), strict=True))
_PANEL, _COLUMNS = (2.3, 1.9), 4  # inches; panels in a row


def curves_figure(results: Sequence[Mapping[str, Any]]) -> bytes:
    """Draw the searches; SVG.

    Raises UsageError for none, for a result of another format, and for searches that differ in more than their seeds.
    """
    _check(results)
    first = results[0]
    searched = [row for row in first["layers"] if row["candidates"]]
    columns = min(_COLUMNS, len(searched))
    rows = -(-len(searched) // columns)
    with styled():
        figure = new_figure(columns * _PANEL[0], rows * _PANEL[1] + 0.7)
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flatten().tolist()
        for ax in panels[len(searched) :]:
            ax.set_axis_off()
        for at, (ax, row) in enumerate(zip(panels, searched, strict=False)):
            _panel(ax, at, row, results)
            ax.set_title(f"layer {first['layers'].index(row)}, {row['channels']} channels", loc="left", fontsize=9)
        groups = [
            group for group in GROUPS if any(group == one["group"] for row in searched for one in row["candidates"])
        ]
        lines = [Line2D([], [], color=COLOURS[group], label=group) for group in groups]
        figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))
        seeds = ", ".join(str(result["settings"]["seed"]) for result in results)
        figure.suptitle(
            f"Confidence over epochs: “{first['question']['space']}” on {first['question']['data']}\n"
            f"thick: mean; thin: seeds {seeds}",
            x=0.01,
            ha="left",
            fontsize=10,
        )
        return to_svg(figure)


def _panel(ax: Axes, at: int, row: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> None:
    """The searched layer number `at`: from equal shares before the first epoch to where each search ended."""
    for group in GROUPS:
        members = [place for place, one in enumerate(row["candidates"]) if one["group"] == group]
        if not members:
            continue
        curves = [[_share(epoch["confidences"][at], members) for epoch in result["history"]] for result in results]
        before = len(members) / len(row["candidates"])
        for curve in curves:
            ax.plot([before, *curve], color=COLOURS[group], linewidth=0.7, alpha=0.5)
        mean = [sum(epoch) / len(epoch) for epoch in zip(*curves, strict=True)]
        ax.plot([before, *mean], color=COLOURS[group], linewidth=2)
    ax.set_ylim(-0.02, 1.02)
    ax.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    ax.tick_params(colors=FAINT)


def _share(confidences: Sequence[float], members: Sequence[int]) -> float:
    return sum(confidences[place] for place in members)


def _check(results: Sequence[Mapping[str, Any]]) -> None:
    if not results:
        raise UsageError("no results; expected at least one search's result.json")
    for result in results:
        if result.get("format") != FORMAT:
            raise UsageError(
                f"a result of format {result.get('format')!r}; expected a search's result.json, {FORMAT!r}"
            )
    if len({_asked(result) for result in results}) > 1:
        raise UsageError("searches that differ in more than their seeds; expected the same data, space and settings")


def _asked(result: Mapping[str, Any]) -> str:
    settings = {name: value for name, value in result["settings"].items() if name != "seed"}
    candidates = [[(one["group"], one["detail"]) for one in row["candidates"]] for row in result["layers"]]
    return str((result["question"], settings, candidates, len(result["history"])))


def main(arguments: Sequence[str]) -> int:
    """Draws several results. Exit code 0, or 2 with one line on what is wrong."""
    return exit_code("search_curves", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if len(arguments) < 2:
        raise UsageError(f"{len(arguments)} arguments; expected at least two: FIGURE.svg RESULT.json...")
    Path(arguments[0]).write_bytes(_drawn(arguments[1:]))


def _drawn(paths: Sequence[str]) -> bytes:
    """Raises UsageError where a file is no search's result, whatever else it holds."""
    try:
        return curves_figure([read(Path(path)) for path in paths])
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as exc:
        raise UsageError(
            f"a result that does not fit {FORMAT!r} ({type(exc).__name__}: {exc!s:.200}); "
            "expected the result.json of searches that keep the confidences of every epoch"
        ) from exc


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
