"""Every worker of a run of the gate: where base's and head's lie, one strip a benchmark.

A ratio and its interval hide whether all workers moved or one did, and whether a slow group of them is of one side;
dots show it. All strips share one axis around the tolerance, so that what is far outside leaves the axis as an arrow
with its factor instead of flattening every other strip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from opbench.gate.decision.verdict import GOOD, Verdict
from opbench.gate.output.figure import FigureRow
from reports.layout.canvas import legend, write_beside
from reports.layout.style import BLUE, FAINT, GREEN, INK, ORANGE, VERMILLION, styled, to_svg

BASE, HEAD = BLUE, ORANGE

LEAST, MOST = 1.5, 5.0
"""The axis reaches from no change at least and at most this many tolerances to either side."""

_STRIP, _AROUND, _WIDE = 0.4, 1.1, 8.6  # inches: a strip, axis and legend around them, the whole
_DOTS, _FRESH = 0.2, 0.34  # share of a strip: how far from its middle screening and fresh workers lie
_LONGEST = 34  # letters of a name on one line

_COLOURS = {Verdict.PASS: FAINT, Verdict.FASTER: GREEN, Verdict.REGRESSION: VERMILLION}


def workers_figure(rows: Sequence[FigureRow], tolerance: float, folder: str = "") -> bytes:
    """Draw a strip for every row, in the order given; SVG.

    tolerance: as a ratio less 1.
    folder: what all ids begin with, left away.
    Raises ValueError without a row.
    """
    if not rows:
        raise ValueError("a figure of workers needs at least one benchmark")
    reach = _reach(rows, tolerance)
    with styled():
        figure = Figure(figsize=(_WIDE, _STRIP * len(rows) + _AROUND), layout="constrained")
        axes = figure.subplots()
        _frame(axes, rows, reach, tolerance, folder)
        for place, row in enumerate(rows):
            _Strip(axes, place, reach).draw(row)
        legend(figure, _keys(rows, tolerance))
        return to_svg(figure)


def _reach(rows: Sequence[FigureRow], tolerance: float) -> float:
    """How far the axis goes to either side, in percent: as far as anything lies, within LEAST and MOST."""
    comparisons = [row.judgement.comparison for row in rows if row.judgement.comparison is not None]
    ends = [end for comparison in comparisons for end in (comparison.low, comparison.high)]
    dots = [value for row in rows for side in (row.base, row.head, row.fresh_base, row.fresh_head) for value in side]
    farthest = max((abs(_percent(value)) for value in (*ends, *dots)), default=0.0)
    return min(max(1.05 * farthest, 100 * LEAST * tolerance), 100 * MOST * tolerance)


def _percent(ratio: float) -> float:
    return 100 * (ratio - 1)


def _frame(axes: Axes, rows: Sequence[FigureRow], reach: float, tolerance: float, folder: str) -> None:
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [_name(row.judgement.benchmark.removeprefix(folder)) for row in rows], fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g} %" if value else "0"))
    axes.set_xlabel("time of one call, relative to base's median worker")
    axes.spines["left"].set_visible(False)
    for place in range(0, len(rows), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="#f6f8fa", zorder=-2)
    axes.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    axes.axvline(100 * tolerance, color=VERMILLION, linewidth=1, linestyle="--", zorder=0)


def _name(benchmark: str) -> str:
    """On two lines where it is long: the test, and below it its parameters."""
    if len(benchmark) <= _LONGEST:
        return benchmark
    test, bracket, parameters = benchmark.partition("[")
    return f"{test}\n{bracket}{parameters}" if bracket else benchmark.replace("::", "::\n", 1)


@dataclass(frozen=True)
class _Strip:
    """One benchmark's place in the axes. reach: of the axis, in percent."""

    axes: Axes
    place: int
    reach: float

    def draw(self, row: FigureRow) -> None:
        self._dots(row.base, -_DOTS, BASE, hollow=False)
        self._dots(row.fresh_base, -_FRESH, BASE, hollow=True)
        self._dots(row.head, _DOTS, HEAD, hollow=False)
        self._dots(row.fresh_head, _FRESH, HEAD, hollow=True)
        self._interval(row)
        self._verdict(row)

    def _dots(self, ratios: Sequence[float], offset: float, colour: str, *, hollow: bool) -> None:
        """Workers within the axis as dots, those beyond an end as one arrow with their number and middle factor."""
        inside = [_percent(value) for value in ratios if abs(_percent(value)) <= self.reach]
        self.axes.plot(
            inside,
            [self.place + offset] * len(inside),
            linestyle="",
            marker="o",
            markersize=4,
            markerfacecolor="none" if hollow else colour,
            markeredgecolor=colour,
            markeredgewidth=0.9 if hollow else 0,
            alpha=1 if hollow else 0.75,
        )
        for sign in (-1, 1):
            beyond = sorted(value for value in ratios if sign * _percent(value) > self.reach)
            if beyond:
                count = f"{len(beyond)} at " if len(beyond) > 1 else ""
                self._arrow(sign, offset, f"{count}{beyond[len(beyond) // 2]:.2f}×", colour)

    def _arrow(self, sign: int, offset: float, text: str, colour: str) -> None:
        y = self.place + offset
        marker = ">" if sign > 0 else "<"
        self.axes.plot([sign * self.reach], [y], marker=marker, color=colour, markersize=5, clip_on=False)
        style = {"ha": "right" if sign > 0 else "left", "va": "center", "fontsize": 7, "color": INK}
        write_beside(self.axes, text, (sign * self.reach, y), (-sign * 6, 0), **style)

    def _interval(self, row: FigureRow) -> None:
        comparison = row.judgement.comparison
        if comparison is None:
            return
        low, middle, high = (_percent(value) for value in (comparison.low, comparison.ratio, comparison.high))
        ends = [min(max(end, -self.reach), self.reach) for end in (low, high)]
        self.axes.plot(ends, [self.place] * 2, color=INK, linewidth=2, solid_capstyle="butt")
        if abs(middle) <= self.reach:
            self.axes.plot([middle], [self.place], marker="D", color=INK, markersize=4.5)
        else:
            self._arrow(1 if middle > 0 else -1, 0, "", INK)

    def _verdict(self, row: FigureRow) -> None:
        """Right of the axis: the verdict, and below it the ratio with its interval."""
        verdict, comparison = row.judgement.verdict, row.judgement.comparison
        place, across = (1, self.place), self.axes.get_yaxis_transform()
        style: Any = {"xycoords": across, "va": "center", "annotation_clip": False}
        style_of_verdict = {"fontsize": 8, "color": _COLOURS.get(verdict, "#7a4d00")}
        weight = "normal" if verdict in GOOD else "bold"
        offset = (12, 0 if comparison is None else 5)
        write_beside(self.axes, verdict.value, place, offset, fontweight=weight, **style_of_verdict, **style)
        if comparison is not None:
            ratio = f"{comparison.ratio:.3f} [{comparison.low:.3f}, {comparison.high:.3f}]"
            write_beside(self.axes, ratio, place, (12, -5), fontsize=7, color=FAINT, **style)


def _keys(rows: Sequence[FigureRow], tolerance: float) -> list[Line2D]:
    def dot(colour: str, label: str, *, hollow: bool = False) -> Line2D:
        face = "none" if hollow else colour
        return Line2D([], [], linestyle="", marker="o", markerfacecolor=face, markeredgecolor=colour, label=label)

    handles = [
        dot(BASE, "a worker of base"),
        dot(HEAD, "of head"),
        Line2D([], [], color=INK, marker="D", linewidth=2, label="head / base, interval"),
        Line2D([], [], color=VERMILLION, linestyle="--", linewidth=1, label=f"tolerance {100 * tolerance:g} %"),
    ]
    if any(row.fresh_base for row in rows):
        handles.insert(2, dot(FAINT, "fresh, to confirm", hollow=True))
    return handles
