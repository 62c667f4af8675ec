"""Figure 7: how two backends differ over a plane, (A - B) / (A + B + eps) of their medians. Red is A slower."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, Normalize, to_hex
from matplotlib.figure import Figure

from opbench.vocabulary.interval import geometric_mean
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.contrast import Contrast, contrast, pairings
from reports.data.planes import Plane, planes, told_apart
from reports.figures.missing_cells import absences
from reports.layout import mosaic
from reports.layout.figure_files import figure_artifact
from reports.layout.mosaic import Tiles
from reports.layout.sheets import spread, undrawn
from reports.layout.style import styled, to_svg

LOWEST, HIGHEST = -1.0, 1.0
"""The range of the colours, the same whatever the data, so that two figures can be held side by side."""

STEPS = 101
"""Colours from blue to red; odd, so that the middle one is white. A step is 0.02: 4 % of time next to white."""

_TICKS = {-1.0: "-1", -0.5: "-0.5  A 3× faster", 0.0: "0  equal", 0.5: "0.5  A 3× slower", 1.0: "1"}
_BAR = 1.35  # inches: the colour bar with its labels


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per pair and group of planes; none where no two axes vary together."""
    groups = planes(records)
    artifacts = [_figure(group, a, b, told_apart(group, groups)) for group in groups for a, b in pairings(group)]
    return [artifact for artifact in artifacts if artifact is not None]


def _figure(group: Sequence[Plane], a: str, b: str, label: str) -> Artifact | None:
    shown, rest = spread(group, mosaic.MOST_PLANES)
    contrasts = [contrast(plane, a, b) for plane in shown]
    if not any(pair.values for pair in contrasts):
        return None
    tiles = [painted(plane, pair) for plane, pair in zip(shown, contrasts, strict=True)]
    with styled():
        figure, panels = mosaic.mosaic(tiles, f"A: {a}    B: {b}", beside=_BAR)
        colour_bar(figure, panels)
        data = to_svg(figure)
    caption = f"{_caption(contrasts, a, b)}{absences(tiles, (a, b))}{undrawn(len(shown), rest, 'planes')}"
    return figure_artifact(f"heatmap {a} against {b}", f"{a} against {b}", label, caption, data)


def painted(plane: Plane, pair: Contrast) -> Tiles:
    """Colour the cells of a plane by their difference, and hatch those that are undecided."""
    return Tiles(plane, {cell: colour(value) for cell, value in pair.values.items()}, pair.undecided)


def colour(value: float) -> str:
    """Mix blue below zero, white at it, red above. Values lie within the range by construction."""
    return to_hex(_colours()((value - LOWEST) / (HIGHEST - LOWEST)))


@cache
def _colours() -> Colormap:
    return colormaps["RdBu_r"].resampled(STEPS)


def colour_bar(figure: Figure, panels: Sequence[Axes]) -> Colorbar:
    """Draw the key to the colours, right of the panels."""
    scale = ScalarMappable(Normalize(LOWEST, HIGHEST), _colours())
    bar = figure.colorbar(scale, ax=list(panels), location="right", aspect=26, pad=0.02)
    bar.set_ticks(list(_TICKS), labels=list(_TICKS.values()))
    bar.set_label("(A - B) / (A + B)")
    bar.outline.set_visible(False)
    if bar.solids is not None:
        bar.solids.set_rasterized(False)  # above 50 colours matplotlib would embed a picture
    return bar


def _caption(contrasts: Sequence[Contrast], a: str, b: str) -> str:
    compared, undecided = sum(len(pair.values) for pair in contrasts), sum(len(pair.undecided) for pair in contrasts)
    slower, faster = sum(pair.slower for pair in contrasts), sum(pair.faster for pair in contrasts)
    mean = geometric_mean([ratio for pair in contrasts for ratio in pair.ratios.values()])
    return (
        f"(A - B) / (A + B + eps) of the median times of one call, A = {a}, B = {b}: red where A is slower, blue where "
        f"it is faster; 0.33 is twice, 0.5 three times the time. Of {compared} cells A is slower in {slower} and "
        f"faster in {faster}; {undecided} are hatched: their 95 % intervals overlap. In geometric mean over all of "
        f"them A takes {units.factor(mean)} the time of B."
    )


REPORT = Report(
    about="the relative difference of two backends over two axes, undecided cells hatched",
    order=6,
    cost=0.4,
    render=render,
)
