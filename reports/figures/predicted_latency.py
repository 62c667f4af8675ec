"""What one kind of device was expected to take from another, over what it took; a panel for each pair."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from opbench.ceilings.cross_device import DevicePair
from opbench.ceilings.prediction_error import prediction_errors
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.predictions import HOW, held, pairs_of
from reports.layout import canvas
from reports.layout.curves import dots_handle, draw_dots
from reports.layout.figure_files import draw_panels, figure_artifact
from reports.layout.sheets import MOST_PANELS, spread, undrawn
from reports.layout.style import FAINT, GRID

TWICE = 2.0
"""The band around what was measured: half and twice as long."""

ROOM = 1.3


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure; [] where fewer than two kinds of devices measured the same cases and have limits."""
    pairs = pairs_of(records)
    if not pairs:
        return []
    shown, rest = spread(pairs, MOST_PANELS)
    labels = sorted({one.backend for pair in shown for one in pair.predictions})
    data = draw_panels(shown, _draw, lambda: [*map(dots_handle, labels), _EQUAL])
    caption = (
        "Median time of one call as it was expected on one device from what another took, over what was measured. On "
        "the line both are the same; in the band the expectation is off by less than twice. Above it the device is "
        f"faster than expected. {HOW}{undrawn(len(shown), rest, 'pairs of devices')}"
    )
    return [figure_artifact("predicted_latency", "One device predicted from another", "", caption, data)]


def _draw(ax: Axes, pair: DevicePair) -> None:
    error = prediction_errors(pair.predictions)[""]
    ends = [time for both in held(pair.predictions) for time in both]
    low, high = min(ends) / ROOM, max(ends) * ROOM
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.fill_between([low, high], [low / TWICE, high / TWICE], [low * TWICE, high * TWICE], color=GRID, alpha=0.5, lw=0)
    ax.plot([low, high], [low, high], color=FAINT, lw=1)
    for label in sorted({one.backend for one in pair.predictions}):
        expected, measured = zip(*held(one for one in pair.predictions if one.backend == label), strict=True)
        draw_dots(ax, label, measured, expected)
    ax.set_xlabel("measured")
    ax.set_ylabel("expected")
    canvas.decades(ax.xaxis, units.tick(units.seconds), (low, high))
    canvas.decades(ax.yaxis, units.tick(units.seconds), (low, high))
    canvas.head(ax, pair.target, f"from {pair.source}: off by {units.factor(error.typical)}, {error.cases} cases")


_EQUAL = Line2D([], [], color=FAINT, lw=1, label="as expected")

REPORT = Report(
    about="of several kinds of devices, each latency expected from another kind over the latency measured",
    order=23,
    render=render,
)
