"""How often each channel was chosen, one pane for each ACH module: whether a network learnt to choose or to keep a set.

Channels are sorted by their share. Always the same k channels would be a step at k; choosing blindly, a flat line at
k of C.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from opbench.errors import UsageError
from reports.layout.style import BLUE, FAINT, styled, to_svg

_PANE = (2.5, 1.75)  # inches
_COLUMNS = 3


def channel_choices_figure(inside: Mapping[str, Any]) -> bytes:
    """Draw how often each module chose each channel; SVG.

    inside: `inside.json` of `impls.hadaptive.inspect`.
    Raises UsageError for a network without ACH.
    """
    shares = inside["selection"]
    if not shares:
        raise UsageError("a network without ACH modules; there is no selection to draw")
    columns = min(_COLUMNS, len(shares))
    rows = -(-len(shares) // columns)
    with styled():
        figure = Figure(figsize=(_PANE[0] * columns, _PANE[1] * rows + 0.6), layout="constrained")
        every_ax = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten()
        for ax, (name, module_shares), k in zip(every_ax, shares.items(), inside["selected"], strict=False):
            _pane(ax, name, module_shares, k)
        for ax in every_ax[len(shares) :]:
            ax.set_visible(False)
        figure.suptitle(
            f"Channels that ACH chooses, over {inside['test_images']:,} test images of {inside['data']}",
            fontsize=10, fontweight="bold",
        )  # fmt: skip
        figure.supylabel("share of images", fontsize=9)
        figure.supxlabel("channels, the most chosen first; dashed: k of C, if it chose blindly", fontsize=9)
        return to_svg(figure)


def _pane(ax: Axes, name: str, shares: Sequence[float], k: int) -> None:
    ordered = sorted(shares, reverse=True)
    ax.bar(range(len(ordered)), ordered, width=1.0, color=BLUE, linewidth=0)
    ax.axhline(k / len(ordered), color=FAINT, linewidth=1, linestyle="--")
    ax.axvline(k - 0.5, color=FAINT, linewidth=0.8, linestyle=":")
    used = sum(share > 0 for share in ordered)
    always = sum(share == 1 for share in ordered)
    ax.set_title(f"{layer_of(name)}, k = {k} of {len(ordered)}", fontsize=8.5, loc="left")
    ax.text(
        0.97, 0.93, f"{used} ever chosen\n{always} always", transform=ax.transAxes, ha="right", va="top", fontsize=8
    )
    ax.set_xlim(-0.5, len(ordered) - 0.5)
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(visible=False, axis="x")


def layer_of(module: str) -> str:
    """Name a module's layer: `body.6.expand` is layer 6; a name without a number stays as it is."""
    numbers = [word for word in module.split(".") if word.isdecimal()]
    return f"layer {numbers[0]}" if numbers else module
