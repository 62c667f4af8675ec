"""The temperature of every ACH module over the epochs of a training: Algorithm 1 at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from opbench.errors import UsageError
from reports.hadaptive.channel_choices import layer_of
from reports.layout.style import FAINT, styled, to_svg

COLDEST, HOTTEST = 0.01, 4.0
"""The limits of Algorithm 1."""

_SIZE = (6.2, 3.2)  # inches


def temperature_figure(inside: Mapping[str, Any]) -> bytes:
    """Draw each module's temperature over the epochs; SVG.

    inside: `inside.json` of `impls.hadaptive.inspect`.
    Raises UsageError where nothing has a temperature.
    """
    epochs = inside["temperatures"]
    if not epochs or not epochs[0]:
        raise UsageError("a training in which nothing has a temperature; there is none to draw")
    names = list(inside["selection"])
    with styled():
        figure = Figure(figsize=_SIZE, layout="constrained")
        ax = figure.subplots()
        shades: Any = mpl.colormaps["viridis"]
        count = len(epochs[0])
        for at in range(count):
            curve = [HOTTEST, *(temperatures[at] for temperatures in epochs)]
            colour = shades(0.9 * at / max(1, count - 1))
            label = layer_of(names[at]) if len(names) == count else f"module {at + 1}"
            ax.plot(range(len(curve)), curve, color=colour, label=label)
        lowest, highest = min(map(min, epochs)), max(map(max, epochs))
        margin = 0.08 * max(HOTTEST - lowest, 0.1)
        ax.set_ylim(max(0.0, lowest - margin), max(HOTTEST, highest) + margin)
        ax.axhline(HOTTEST, color=FAINT, linewidth=0.8, linestyle=":")
        ax.set_xlabel(f"epoch; dotted: the highest that Algorithm 1 allows (the lowest is {COLDEST:g})")
        ax.set_ylabel("temperature τ")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_title(f"Temperature of each ACH module\n{inside['data']}", loc="left")
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
        return to_svg(figure)
