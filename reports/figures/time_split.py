"""Where one call's time goes, per backend: a bar of shares, at each operator's quickest and slowest point."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator

from opbench.measure.split.call_split import TOLERANCE
from opbench.measure.split.kinds import ALLOCATION, COMPILED, DISPATCH, OURS, WAITING
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.grouping import grouped
from reports.data.series import Setting, setting_of, settled
from reports.data.split_bars import PointBars, SplitBar, bar_of, blocks_of, in_order
from reports.layout import canvas
from reports.layout.figure_files import figure_artifact
from reports.layout.owners import belongs
from reports.layout.sheets import spread, undrawn
from reports.layout.style import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION, luma, styled, to_svg

MOST_OPERATORS = 8


_COLOURS = {
    DISPATCH: "#aab3bd",
    ALLOCATION: "#e3d09b",
    WAITING: "#eceff2",
    "convolution": BLUE,
    "matrix product": "#7b4ea3",
    "normalization": SKY,
    "activation": GREEN,
    "pooling": "#8c6d31",
    "elementwise": ORANGE,
    "reduction": PURPLE,
    "data movement": "#4d5761",
    OURS: VERMILLION,
    COMPILED: "#f2d13c",
}
_OTHERS = "#c8c8c8"

_BAR, _AROUND, _WIDE, _ALONE = 0.36, 0.62, 8.8, 6.6  # inches: a bar, a panel's head and axis, figures of two and one
_WRITTEN, _TWO_LINES = 0.065, 0.14  # share of a bar from which on its share, and its time too, are written into it


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per setting; none where no record has a split."""
    last = settled(records)
    settings = grouped(filter(bar_of, last), lambda record: setting_of(record.case.point))
    several = len(settings) > 1
    return [
        _artifact(setting, group, str(setting) if several else "", unsplit(last, setting))
        for setting, group in settings.items()
    ]


def unsplit(records: Sequence[Record], setting: Setting) -> str:
    """Write a sentence for the caption on measured cases that could not be split; "" where there are none."""
    reasons: dict[str, dict[str, None]] = {}
    for record in records:
        outcome = record.outcome
        here = setting_of(record.case.point) == setting
        if here and isinstance(outcome, Measured) and not outcome.split and outcome.split_reason:
            reasons.setdefault(outcome.split_reason, {})[record.case.label] = None
    texts = "; ".join(f"{', '.join(labels)} ({reason})" for reason, labels in reasons.items())
    return f" Not split: {texts}." if texts else ""


def _artifact(setting: Setting, records: Sequence[Record], label: str, missing: str) -> Artifact:
    operators = grouped(records, lambda record: record.case.point.operator)
    shown, rest = spread(list(operators), MOST_OPERATORS)
    rows = [blocks_of(operators[name]) for name in shown]
    missed = sum(bar.missed for row in rows for block in row for bar in block.bars)
    caption = (
        f"Where one call's time goes ({setting}), at the quickest and the slowest point of each operator: shares of "
        "the call, and beside each bar its measured median. Dispatch is what Python and the framework take; allocation "
        "is what the operators take that make memory, while pages that an operator touches first are part of its own "
        f"time. {COMPILED.capitalize()} is a graph made by torch.compile."
        + (f" † parts that miss the median by over {TOLERANCE:.0%}: the table says why." if missed else "")
        + undrawn(len(shown), rest, "operators")
        + missing
    )
    return figure_artifact("time split", "Where the time goes", label, caption, drawing(rows))


def drawing(rows: Sequence[Sequence[PointBars]]) -> bytes:
    """Draw one row of panels per operator; SVG."""
    columns = max(len(row) for row in rows)
    heights = [_BAR * max(len(block.bars) for block in row) + _AROUND for row in rows]
    with styled():
        figure = canvas.new_figure(_WIDE if columns > 1 else _ALONE, sum(heights) + 0.75, h_pad=0.06)
        panels = figure.subplots(len(rows), columns, squeeze=False, height_ratios=heights)
        for line, row in zip(panels, rows, strict=True):
            for ax in line[len(row) :]:
                ax.set_axis_off()
            for ax, block in zip(line, row, strict=False):
                _draw(ax, block, max(len(panel_block.bars) for panel_block in row))
        _legend(figure, [block for row in rows for block in row])
        return to_svg(figure)


def _draw(ax: Axes, block: PointBars, places: int) -> None:
    canvas.head(ax, block.title, block.ground)
    ax.set_xlim(0, 1)
    ax.set_ylim(places - 0.5, -0.5)
    ax.set_yticks(range(len(block.bars)), [bar.label for bar in block.bars], fontsize=8)
    ax.tick_params(length=0)
    ax.grid(visible=False, axis="y")
    ax.xaxis.set_major_locator(MultipleLocator(0.25))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_visible(False)
    for place, bar in enumerate(block.bars):
        parts = _stack(ax, place, bar)
        text = f"{units.seconds(bar.median_s)}{' †' if bar.missed else ''}"
        beside = ax.annotate(text, (1, place), (5, 0), textcoords="offset points", va="center", fontsize=8, color=INK)
        belongs([*parts, beside, ax.get_yticklabels()[place]], bar.label)


def _stack(ax: Axes, place: int, bar: SplitBar) -> list[Artist]:
    """One bar; a part below zero, which noise can make of almost nothing, is drawn as nothing. Returns what it drew."""
    drawn: list[Artist] = []
    parts = {name: max(0.0, bar.parts.get(name, 0.0)) for name in in_order(bar.parts)}
    whole, left = sum(parts.values()), 0.0
    for name, value in parts.items():
        share = value / whole if whole else 0.0
        drawn += ax.barh(place, share, left=left, height=0.74, color=colour(name), edgecolor="white", linewidth=0.6)
        if share >= _WRITTEN:
            text = f"{100 * share:.0f} %" + (f"\n{units.seconds(value)}" if share >= _TWO_LINES else "")
            ink = INK if luma(colour(name)) > 0.55 else "white"
            middle = left + share / 2
            drawn.append(
                ax.text(middle, place, text, ha="center", va="center", fontsize=6.6, color=ink, linespacing=1.1)
            )
        left += share
    return drawn


def colour(name: str) -> str:
    return _COLOURS.get(name, _OTHERS)


def _legend(figure: Figure, blocks: Sequence[PointBars]) -> None:
    """Names of the parts that can be seen, above all panels."""
    seen: dict[str, float] = {}
    for block in blocks:
        for bar in block.bars:
            whole = sum(bar.parts.values())
            for name, value in bar.parts.items():
                seen[name] = max(seen.get(name, 0.0), value / whole)
    names = [name for name in in_order(seen) if seen[name] > 0.002]
    handles = [Patch(facecolor=colour(name), edgecolor=FAINT, linewidth=0.4, label=name) for name in names]
    columns = 6 if len(names) > 6 and figure.get_figwidth() > _ALONE else min(len(names), 4)
    figure.legend(handles=handles, loc="outside upper left", ncols=columns, columnspacing=1.2, handlelength=1.3)


REPORT = Report(
    about="where one call's time goes: dispatch, allocation, kinds of operators; needs `sweep --split`",
    order=30,
    cost=0.5,
    render=render,
)
