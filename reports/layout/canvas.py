"""Empty figures: a grid of panels, axes whose ticks can be read, the legend above them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, MultipleLocator, NullLocator

from reports.data import units
from reports.layout.owners import name_entries
from reports.layout.style import FAINT

COLUMNS = 2
_WIDE, _HIGH, _ALONE = 4.3, 3.0, 6.4  # inches: one panel of several, its height, a panel alone
_LINE = 0.19  # inches: a line of notes under a panel
_HANDLE, _LETTER = 48, 5.2  # points: a legend entry's line and gaps, and a letter of its text
_SMALL_LETTER, _TITLE_LETTER = 4.3, 6.4  # points: a letter of what is constant, and of a panel's bold title
_BESIDE = 0.5  # inches: room between a panel and the next

DIGITS, WORDS = 0.075, 0.15
"""Share of an axis that a label takes: three digits, or two words above each other such as `512` and `n=2052`."""

_STEPS = {10: (1, 1.5, 2, 3, 5, 7), 100: (1, 2, 5), math.inf: (1,)}
"""Where ticks stand within a decade, by how many times the largest value exceeds the smallest."""


@dataclass(frozen=True)
class PanelGrid:
    """A figure, its panels in reading order, and under each panel a place for notes if notes were asked for."""

    figure: Figure
    panels: list[Axes]
    notes: list[Axes]


def grid(count: int, lines_of_notes: int = 0) -> PanelGrid:
    """A figure with `count` panels, two to a row, one wide panel where there is one."""
    columns = min(COLUMNS, count)
    rows = math.ceil(count / columns)
    layers = [_HIGH, _LINE * (lines_of_notes + 1)] if lines_of_notes else [_HIGH]
    size = (_ALONE if columns == 1 else _WIDE * columns, rows * sum(layers) + 0.4)
    figure = new_figure(*size)
    axes = figure.subplots(len(layers) * rows, columns, squeeze=False, height_ratios=layers * rows)
    panels = axes[:: len(layers)].flatten().tolist()
    notes = axes[1::2].flatten().tolist() if lines_of_notes else []
    for unused in panels[count:] + notes:
        unused.set_axis_off()
    return PanelGrid(figure, panels[:count], notes[:count])


def new_figure(width: float, height: float, w_pad: float = 0.09, h_pad: float = 0.08) -> Figure:
    """Make an empty figure whose parts are laid out so that none covers another; all in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.set_layout_engine("constrained", w_pad=w_pad, h_pad=h_pad)
    return figure


def head(ax: Axes, title: str, ground: str, room: float | None = None) -> None:
    """Write the panel's title, and under it in small letters what is constant in it, in as many lines as they take.

    room: inches that a line may take; the panel's width and the room beside it where left out. A panel whose width is
    not settled yet, because others take from it, has to say: what is wider would be made room for, at its expense.
    """
    inches = ax.bbox.width / ax.figure.dpi + _BESIDE if room is None else room
    titles = wrap(title, letters(inches, _TITLE_LETTER)) or [""]
    lines = wrap(ground, letters(inches, _SMALL_LETTER)) or [""]
    # y: where it is anyway, as nothing of a panel is above it; unsaid, every layout and drawing would look for that.
    ax.set_title("\n".join(titles) + "\n" * len(lines), loc="left", y=1)
    write_ground(ax, "\n".join(lines), 5)


def letters(inches: float, wide: float) -> int:
    """How many letters of so many points fit side by side."""
    return int(72 * inches / wide)


def write_ground(ax: Axes, ground: str, above: float) -> None:
    """Write what is constant in a panel in small letters, that many points above it; several lines end there."""
    place = {"verticalalignment": "bottom"} if "\n" in ground else {}
    write_beside(ax, ground, (0, 1), (0, above), xycoords="axes fraction", fontsize=8, color=FAINT, **place)


def write_beside(ax: Axes, text: str, xy: tuple[float, float], offset: tuple[float, float], **style: Any) -> None:
    """Write a text so many points from a place; `style` is what matplotlib's `annotate` takes."""
    ax.annotate(text, xy, offset, textcoords="offset points", **style)


def legend(figure: Figure, handles: Sequence[Artist]) -> None:
    """One legend for all panels, above them: in one row if it fits, else in rows of three."""
    available = 72 * figure.get_figwidth()
    width = sum(_HANDLE + _LETTER * len(str(handle.get_label())) for handle in handles)
    columns = len(handles) if width < available else 3
    placed = figure.legend(handles=list(handles), loc="outside upper left", ncols=columns, columnspacing=1.4)
    name_entries(placed, handles)


def note(place: Axes, handles: Sequence[Artist]) -> None:
    """A legend of its own under one panel, one entry per line; it may be wider than the panel."""
    placed = place.legend(handles=list(handles), loc="upper left", bbox_to_anchor=(-0.1, 1), fontsize=8)
    placed.set_in_layout(False)
    name_entries(placed, handles)


def scale_x(ax: Axes, name: str, values: Iterable[float], label_room: float = DIGITS) -> list[float]:
    """A doubling or a linear scale, whichever spaces the values more evenly; ticks stand on measured values.

    label_room: ticks closer than this share of the axis are left out; fractions have more digits and need more.
    Returns the values that got a tick.
    """
    places = sorted(set(values))
    fractions = [len(place_text(place)) for place in places if place != round(place)]
    label_room = max([label_room, *(DIGITS / 3 * digits for digits in fractions)])
    ax.set_xlabel(name)
    if places[0] > 0 and _unevenness(list(map(math.log2, places))) < _unevenness(places):
        ax.set_xscale("log", base=2)
        shown = _apart(places, math.log2, label_room)
    else:
        shown = _apart(places, float, label_room)
    ax.margins(x=0.05 if len(places) > 1 else 0.5)
    ax.xaxis.set_major_locator(FixedLocator(shown))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: place_text(value) if name else ""))
    return shown


def place_text(value: float) -> str:
    """Write a value of an axis: 2048 and 0.125 as they are, and of a third six digits."""
    return f"{value:.0f}" if value == round(value) else f"{value:.6g}"


def _unevenness(values: Sequence[float]) -> float:
    """The widest gap over the narrowest, rounded so that equal gaps in logarithms count as equal."""
    gaps = [after - before for before, after in pairwise(values)]
    return round(max(gaps) / min(gaps), 6) if gaps else 1.0


def _apart(values: Sequence[float], scale: Callable[[float], float], label_room: float) -> list[float]:
    """The values whose labels do not touch, both ends always."""
    first, last = scale(values[0]), scale(values[-1])
    room, shown = label_room * (last - first), [values[0]]
    for value in values[1:-1]:
        if scale(value) - scale(shown[-1]) >= room and last - scale(value) >= room:
            shown.append(value)
    return [*shown, values[-1]] if last > first else shown


def scale_y(ax: Axes, text: Callable[[float], str], values: Iterable[float]) -> None:
    """Logarithmic where the positive values span a factor of three, else linear; ticks written by `text`."""
    positive = [value for value in values if value > 0]
    if positive and max(positive) >= 3 * min(positive):
        ax.set_yscale("log", nonpositive="mask")
        steps = _steps(min(positive), max(positive))
        ax.yaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
    else:
        ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.margins(y=0.1)
    ax.yaxis.set_minor_locator(NullLocator())
    _write(ax.yaxis, units.tick(text))


def scale_shares(ax: Axes, top: float) -> None:
    """From nothing to `top`, 1 written as 100 %."""
    ax.set_ylim(0, top)
    ax.yaxis.set_major_locator(MultipleLocator(0.2 if top < 1.5 else 0.5))
    _write(ax.yaxis, lambda value: f"{100 * value:.0f} %")


def decades(axis: Axis, text: Callable[[float], str] = "{:g}".format, ends: tuple[float, float] | None = None) -> None:
    """Ticks of an axis that is logarithmic and drawn already: plain numbers, as many in a decade as its span allows.

    ends: of the axis, where it goes further than what is drawn.
    """
    low, high = ends or axis.get_data_interval()
    steps = _steps(low, high)
    axis.set_major_locator(LogLocator(subs=steps, numticks=12))
    axis.set_minor_locator(NullLocator())
    _write(axis, text)


def _steps(low: float, high: float) -> tuple[float, ...]:
    """Where ticks stand in a decade of an axis from `low` to `high`. Raises ValueError where one has no end."""
    if not (low > 0 and high < math.inf):
        raise ValueError(f"no logarithmic axis goes from {low:g} to {high:g}")
    return next(steps for span, steps in _STEPS.items() if high < span * low)


def _write(axis: Axis, text: Callable[[float], str]) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
