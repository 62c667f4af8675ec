"""Predicted against measured savings of models, on one plane with the line where both are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.report import Artifact
from reports.data import units
from reports.layout import canvas
from reports.layout.point_labels import Name, settle, write_names
from reports.layout.style import FAINT, GRID, MARKERS, style_of, styled, to_svg
from reports.models.classifiers import shown
from reports.models.saving_predictions import SavingPrediction

NEAR = 0.2
"""Half of the shaded band around equality, as a share of the prediction."""

Key = tuple[str, str, str]
"""Baseline, ours, place."""


@dataclass(frozen=True)
class SavingDot:
    """One model in one pair of runtimes.

    x, y: predicted and measured saving, in milliseconds.
    """

    key: Key
    name: str
    x: Interval
    y: Interval


def savings_figure(predictions: Sequence[SavingPrediction]) -> list[Artifact]:
    """Draw one figure of what was both predicted and measured; [] where nothing was."""
    drawn = dots(predictions)
    if not drawn:
        return []
    styles = _styles(drawn)
    with styled():
        figure = canvas.new_figure(6.4, 5.4)
        ax = figure.subplots()
        canvas.head(ax, "What a model saves", f"shaded: within {units.percent(NEAR)} of what its parts predict")
        _frame(ax, drawn)
        for dot in drawn:
            _draw(ax, dot, *styles[dot.key])
        handles = [_handle(key, *style) for key, style in styles.items()]
        figure.legend(handles=handles, loc="outside upper left", ncols=2, handlelength=1.4, columnspacing=1.4)
        settle(figure)
        write_names(ax, [Name(dot.name, dot.x.mid, dot.y.mid, dot.x.low, dot.x.high) for dot in drawn])
        data = to_svg(figure)
    caption = (
        "Time that a model saves in one runtime over the other, against what its parts, each measured alone, say that "
        "it saves; letters are sizes of the network. Bars are 95 % intervals. On the line both are equal."
    )
    title = "From the kernel to the model: predicted and measured saving"
    return [Artifact("figures/kernel_to_model.svg", title, caption, data)]


def dots(predictions: Sequence[SavingPrediction]) -> list[SavingDot]:
    """Choose what was both predicted and measured, named by the network's size."""
    several = len({prediction.batch for prediction in predictions}) > 1
    return [
        SavingDot(
            (prediction.baseline, prediction.ours, prediction.place),
            shown(prediction.operator).rpartition("-")[2] + (f", batch {prediction.batch}" if several else ""),
            units.in_milliseconds(prediction.predicted),
            units.in_milliseconds(prediction.measured),
        )
        for prediction in predictions
        if prediction.predicted and prediction.measured
    ]


def _styles(drawn: Sequence[SavingDot]) -> Mapping[Key, tuple[str, str]]:
    """Colour and marker: a colour for a pair of runtimes, that of the baseline, and a marker for a place."""
    keys = list(dict.fromkeys(dot.key for dot in drawn))
    places = list(dict.fromkeys(place for _, _, place in keys))
    colours = {baseline: style_of(_PAINTED.get(baseline, baseline)).colour for baseline, _, _ in keys}
    return {key: (colours[key[0]], MARKERS[places.index(key[2]) % len(MARKERS)]) for key in keys}


_PAINTED = {"torch_eager": "torch_compile", "ort_stock": "cpp_ext"}
"""Both baselines are black elsewhere; here a pair has the colour of another runtime, to tell the pairs apart."""


def _handle(key: Key, colour: str, marker: str) -> Line2D:
    baseline, ours, place = key
    return Line2D([], [], color=colour, marker=marker, ms=6, ls="", label=f"{ours} for {baseline}, {place}")


def _frame(ax: Axes, drawn: Sequence[SavingDot]) -> None:
    """The line and its band; logarithmic where all savings with their intervals are above zero."""
    ends = [end for dot in drawn for saving in (dot.x, dot.y) for end in (saving.low, saving.high)]
    low, high = min(ends), max(ends)
    if low > 0:
        low, high = low / 1.3, high * 1.3
        ax.set(xscale="log", yscale="log")
    else:
        room = 0.08 * (high - low)
        low, high = low - room, high + room
    under, over = ([part * low, part * high] for part in (1 - NEAR, 1 + NEAR))
    ax.fill_between([low, high], under, over, color=GRID, lw=0)
    ax.plot([low, high], [low, high], color=FAINT, lw=1)
    ax.set(xlim=(low, high), ylim=(low, high), xlabel="predicted saving, ms", ylabel="measured saving, ms")
    if low > 0:
        canvas.decades(ax.xaxis)
        canvas.decades(ax.yaxis)


def _draw(ax: Axes, dot: SavingDot, colour: str, marker: str) -> None:
    ax.hlines(dot.y.mid, dot.x.low, dot.x.high, color=colour, lw=1.4)
    ax.vlines(dot.x.mid, dot.y.low, dot.y.high, color=colour, lw=1.4)
    ax.plot([dot.x.mid], [dot.y.mid], color=colour, marker=marker, ms=6, ls="")
