"""The temperature of every ACH module over the epochs of a training: Algorithm 1 at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from impls.hadaptive.temperature import COLDEST, HOTTEST
from opbench.errors import UsageError
from reports.naming import layer_of
from reports.style import FAINT, styled, to_svg

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIZE = (6.2, 3.2)  # inches


def temperature_figure(inside: Mapping[str, Any]) -> bytes:
    """SVG. inside: `inside.json` of `impls.hadaptive.looking`. Raises UsageError where nothing has a temperature."""
    epochs = inside["temperatures"]
    if not epochs or not epochs[0]:
        raise UsageError("a training in which nothing has a temperature; there is none to draw")
    names = list(inside["selection"])
    with styled():
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.subplots()
        shades: Any = mpl.colormaps["viridis"]
        count = len(epochs[0])
        for at in range(count):
            curve = [HOTTEST, *(one[at] for one in epochs)]
            colour = shades(0.9 * at / max(1, count - 1))
            label = layer_of(names[at]) if len(names) == count else f"module {at + 1}"
            axes.plot(range(len(curve)), curve, color=colour, label=label)
        for limit in (COLDEST, HOTTEST):
            axes.axhline(limit, color=FAINT, linewidth=0.8, linestyle=":")
        axes.set_yscale("log")
        axes.set_xlabel("epoch")
        axes.set_ylabel("temperature τ")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(f"Temperature of each ACH module, trained on {inside['data']}", loc="left")
        figure.legend(loc="outside right upper", title="from the image down", title_fontsize=8.5)
        return to_svg(figure)
