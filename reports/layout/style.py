"""How a figure looks: colours, markers and letters, the same for a series whatever else is in the figure."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from opbench.looks import looks
from reports.layout.owners import with_owners

BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE = PALETTE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
"""Okabe and Ito, Color Universal Design (2008), without its yellow: 1.3:1 against white cannot be read."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")

INK, FAINT, GRID = "#1f2328", "#59636e", "#d8dee4"

# Names met side by side in many figures, kept apart by hand; a backend says its own look, and every other name draws
# one from a hash.
_CHOSEN = {
    "pointwise": (PURPLE, "s"),
    "ghost": (ORANGE, "^"),
    "ach": (BLUE, "o"),
    "Hadaptive-Net": (BLUE, "o"),
    "MobileNetV3": (ORANGE, "^"),
    "MobileNetV4": (VERMILLION, "s"),
    "MobileOne": (GREEN, "D"),
    "StarNet": (SKY, "v"),
    "GhostNet": (PURPLE, "P"),
    "GhostNetV3": (PURPLE, "X"),
    "ShuffleNetV2": (BLACK, "<"),
}

_SETTINGS: Any = {  # matplotlib types the keys by name
    "font.family": "DejaVu Sans",  # comes with matplotlib, so the bytes are the same on every machine
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.labelsize": 9,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 3,
    "figure.facecolor": "white",  # a page in dark colours keeps the figure readable
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "svg.fonttype": "path",  # letters travel inside the file; a reader's missing font changes nothing
    "svg.hashsalt": "opbench",
}

_SVG_DPI = 72
"""What matplotlib writes an SVG with, whatever its figure has."""

_PLACE_DIGITS = 12
"""Of a share of a figure: less than a billionth of a point, and a thousand times what the solver leaves open."""

_NO_METADATA: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@dataclass(frozen=True)
class SeriesStyle:
    colour: str
    marker: str
    dash: str


def style_of(label: str) -> SeriesStyle:
    """Choose colour by the name before `:` and `#`, marker by the schedule if there is one, dashes for a repeat."""
    case, _, replica = label.partition("#")
    name, _, schedule = case.partition(":")
    number = zlib.crc32(name.encode())
    drawn = PALETTE[number % len(PALETTE)], MARKERS[number // len(PALETTE) % len(MARKERS)]
    colour, marker = _CHOSEN.get(name) or looks().get(name, drawn)
    if schedule:
        marker = MARKERS[zlib.adler32(schedule.encode()) % len(MARKERS)]
    dash = "--" if replica else "-." if schedule else "-"
    return SeriesStyle(colour, marker, dash)


def luma(colour: str) -> float:
    """Compute how bright a colour is to the eye, from 0 to 1: ITU-R BT.601."""
    red, green, blue = to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


@contextmanager
def styled() -> Iterator[None]:
    """Build figures with our settings inside; outside, matplotlib is as it was."""
    with mpl.rc_context(_SETTINGS):
        yield


def to_svg(figure: Figure) -> bytes:
    """Write the figure as SVG: no date, no random identifiers, nothing that is loaded from elsewhere; who owns what.

    Call it inside `styled()`. The figure's layout is settled by it.
    """
    data = io.StringIO()
    dpi = figure.dpi
    canvas: Any = FigureCanvasSVG(figure)  # by whose letters texts are measured
    _lay_out(figure)
    figure.dpi = dpi  # of pictures within the figure
    canvas.print_svg(data, metadata=_NO_METADATA)
    return with_owners(data.getvalue().encode())


def _lay_out(figure: Figure) -> None:
    """Let the layout engine place what there is, and switch it off.

    As `savefig` does, which for that draws everything once more into nothing: a quarter of a figure's time. Places are
    rounded: their last bits are the solver's, which goes by addresses in memory, and the file's identifiers are hashes
    of them.
    """
    engine = figure.get_layout_engine()
    if engine is None:
        return
    figure.dpi = _SVG_DPI
    engine.execute(figure)
    figure.set_layout_engine("none")
    for ax in figure.axes:
        ax.set_position(np.round(ax.get_position().bounds, _PLACE_DIGITS).tolist())
