"""One panel of the propagation figures: a normaliser's theory and measurement over the layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from reports.layout.canvas import decades, head
from reports.layout.style import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, VERMILLION

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

TITLES = {
    "none": "no normaliser",
    "bn": "BatchNorm, trained at rest",
    "bn_batch": "BatchNorm of its batch",
    "dysoft": "DySoft",
    "dysig": "DySig",
    "dyalge": "DyAlge",
    "dyt": "DyT",
}
MARKS = {"float32": "o", "float16": "x", "bfloat16": "+"}
LARGEST = {"float16": 65504.0, "float32": 3.4028234663852886e38}
SHORT = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
COLOURS = (BLUE, INK, VERMILLION, GREEN, ORANGE, PURPLE)
_TOP = 1e42  # of the widest axis: what float32 holds, and room


@dataclass(frozen=True)
class Quantity:
    """What a figure is of.

    of_theory: a value, from a mean and a variance. measured: where [low, mid, high] of a measured layer stand;
    of_measured: the value, from one of them.
    """

    file: str
    label: str
    of_theory: Callable[[float, float], float]
    measured: str
    of_measured: Callable[[float], float]


DEVIATION = Quantity(
    "propagation_deviation.svg",
    "standard deviation of the products (no unit)",
    lambda _, variance: math.sqrt(variance),
    "variance",
    math.sqrt,
)
MEAN = Quantity(
    "propagation_mean.svg",
    "mean of the products, in their standard deviations",
    lambda mean, variance: mean / math.sqrt(variance),
    "ratio",
    float,
)


def draw_panel(ax: Axes, stack: Mapping[str, Any], result: Mapping[str, Any], quantity: Quantity) -> None:
    """Draw one normaliser: theory, the typical position, its spread, and where the numbers end."""
    for row, (run, colour) in enumerate(zip(stack["runs"], COLOURS, strict=False)):
        theory = [quantity.of_theory(layer["mean"], layer["variance"]) for layer in run["theory"]["layers"]]
        ax.plot(range(1, len(theory) + 1), theory, color=colour, linewidth=1.4)
        for at, dtype in enumerate(run["measured"]):
            _measured(
                ax, run["measured"][dtype]["layers"], colour, MARKS[dtype], 0.14 * (at - 1), quantity, bars=at == 0
            )
        _ends(ax, run["measured"], colour, 0.78 - 0.09 * row)
    depth = result["depth"]
    ax.set_xlim(0.5, depth + 0.5)
    ax.xaxis.set_major_locator(FixedLocator(range(1, depth + 1)))
    if quantity is DEVIATION:
        _logarithmic(ax)
    head(ax, TITLES[stack["norm"]], f"a deviation to the power {stack['stability']:.2f}")


def _measured(
    ax: Axes,
    layers: Sequence[Mapping[str, Any]],
    colour: str,
    mark: str,
    shift: float,
    quantity: Quantity,
    *,
    bars: bool,
) -> None:
    """The typical position of every layer up to the overflow, and where it is asked for the spread."""
    places, middles, below, above = [], [], [], []
    for layer in layers:
        spread = layer[quantity.measured]
        if spread is None or spread[1] is None:
            break
        ends = [spread[1] if value is None else value for value in spread]
        low, middle, high = map(quantity.of_measured, ends)
        places.append(layer["depth"] + shift)
        middles.append(middle)
        below.append(middle - low)
        above.append(high - middle)
    if bars:
        ax.errorbar(places, middles, [below, above], fmt="none", ecolor=colour, elinewidth=0.8, alpha=0.6)
    ax.plot(places, middles, mark, color=colour, mfc="none", markersize=4.5, linestyle="none")


def _ends(ax: Axes, measured: Mapping[str, Any], colour: str, height: float) -> None:
    """A cross at the layer from which a dtype is not finite any more, one for all that end there, with their names."""
    ends: dict[int, list[str]] = {}
    for dtype, one in measured.items():
        if one["overflow"] is not None:
            ends.setdefault(one["overflow"], []).append(SHORT[dtype])
    over = ax.get_xaxis_transform()
    for layer, names in ends.items():
        ax.plot([layer], [height], marker="X", color=colour, markersize=5, transform=over)
        ax.text(
            layer + 0.25, height, ", ".join(names), fontsize=6.5, color=colour, ha="left", va="center", transform=over
        )


def _logarithmic(ax: Axes) -> None:
    """Dotted lines at what float16 and float32 can hold, where the panel comes near."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ends = (low, min(high, _TOP))
    ax.set_ylim(*ends)
    for name, largest in LARGEST.items():
        if largest < high:
            ax.axhline(largest, color=FAINT, linewidth=0.8, linestyle=":")
            ax.text(0.6, largest, f"largest {name}", fontsize=6.5, color=FAINT, va="bottom")
    decades(ax.yaxis, ends=ends)


def legend_handles(result: Mapping[str, Any]) -> list[Artist]:
    """Of all panels of a figure."""
    runs = result["stacks"][0]["runs"]
    handles: list[Artist] = [
        Line2D([], [], color=colour, label=f"input times {run['scale']:g}{', at rest' * (run['scale'] == 1)}")
        for run, colour in zip(runs, COLOURS, strict=False)
    ]
    handles += [
        Line2D([], [], color=FAINT, marker=MARKS[dtype], mfc="none", linestyle="none", label=f"measured, {dtype}")
        for dtype in runs[0]["measured"]
    ]
    handles.append(
        Line2D(
            [],
            [],
            color=FAINT,
            marker="|",
            linestyle="none",
            label=f"nine tenths of positions, {next(iter(runs[0]['measured']))}",
        )
    )
    handles.append(Line2D([], [], color=FAINT, marker="X", linestyle="none", label="not all finite from here"))
    return handles
