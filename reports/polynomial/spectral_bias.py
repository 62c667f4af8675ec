"""What of each frequency is missing, step by step: a panel for each network, a line for each number of periods.

    python -m reports.polynomial.spectral_bias SPECTRUM.json FIGURE.svg

Reads what `python -m impls.polynomial.study` writes. Lines are means over seeds, bands their 95 % intervals by
Student's t; one seed has none, which the panel says. Dotted lines are frequencies that a polynomial of the panel's
degree cannot have: one of degree N in one variable turns N - 1 times at most.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from opbench.vocabulary.student import mean_interval
from reports.layout.canvas import decades, head, legend, new_figure, scale_shares
from reports.layout.program_files import drawn, read, write
from reports.layout.style import PALETTE, styled, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMAT = "opbench.polynomial.study/1"
_PANEL, _COLUMNS = (2.6, 2.2), 4  # inches; panels in a row
_TOP = 1.3
"""Of the axis: a network that has not learned a frequency may have some of it in the wrong phase."""


def spectral_figure(result: Mapping[str, Any]) -> bytes:
    """Draw the records of question `spectrum`; SVG. Raises UsageError for a result of another format or question."""
    if result.get("format") != FORMAT or "frequencies" not in result:
        raise UsageError(
            f"a result of format {result.get('format')!r}, question {result.get('question')!r}; "
            f"expected the spectrum.json of impls.polynomial.study, {FORMAT!r}"
        )
    records, periods = result["frequencies"], result["periods"]
    columns = min(_COLUMNS, len(records))
    rows = -(-len(records) // columns)
    with styled():
        figure = new_figure(columns * _PANEL[0], rows * _PANEL[1] + 0.6)
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flatten().tolist()
        for ax in panels[len(records) :]:
            ax.set_axis_off()
        for at, (ax, record) in enumerate(zip(panels, records, strict=False)):
            _panel(ax, record, periods)
            ax.tick_params(labelbottom=at + columns >= len(records))  # the lowest of its column
        lines = [
            Line2D([], [], color=colour, label=f"{period} period{'s' * (period > 1)}")
            for period, colour in zip(periods, PALETTE, strict=True)
        ]
        legend(figure, lines)
        figure.supxlabel("steps of training", fontsize=9)
        figure.supylabel("amplitude that is missing", fontsize=9)
        return to_svg(figure)


def _panel(ax: Axes, record: Mapping[str, Any], periods: Sequence[int]) -> None:
    steps = [max(step, 0.5) for step in record["looks"]]  # before the first step, on an axis that has no 0
    looks: Sequence[Sequence[Sequence[float]]] = record["missing"]  # of each, of each seed, of each period
    alone = len(looks[0]) == 1
    for at, (period, colour) in enumerate(zip(periods, PALETTE, strict=True)):
        possible = record["degree"] == 0 or 2 * period < record["degree"]
        means = [mean_interval([seed[at] for seed in look]) for look in looks]
        ax.plot(steps, [mean.mid for mean in means], color=colour, linestyle="-" if possible else ":")
        if not alone:
            low, high = [mean.low for mean in means], [mean.high for mean in means]
            ax.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)
    ax.set_xscale("log")
    decades(ax.xaxis, ends=(0.5, steps[-1]))
    scale_shares(ax, _TOP)
    told = f"{record['parameters']:,} parameters, rate {record['rate']:g}"
    head(ax, record["subject"], f"{told}; one seed" if alone else told)


def main(arguments: Sequence[str]) -> int:
    """Draws one figure. Exit code 0, or the error's with one line on what is wrong."""
    return exit_code("spectral_bias", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if len(arguments) != 2:
        raise UsageError(f"{len(arguments)} arguments; expected two: SPECTRUM.json FIGURE.svg")
    source = Path(arguments[0])
    result = read(source, "the spectrum.json of impls.polynomial.study")
    write(Path(arguments[1]), drawn(source, FORMAT, lambda: spectral_figure(result)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
