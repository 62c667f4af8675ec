"""Rooflines: what each case computes a second, over how much it computes a byte, below what the machine could."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.grouping import grouped
from reports.data.machine_records import besides_machine
from reports.data.naming import counted
from reports.data.problems import left_out
from reports.data.roofs import Roofs, roofs
from reports.data.series import settled
from reports.layout import canvas
from reports.layout.curves import dots_handle, draw_dots
from reports.layout.figure_files import draw_panels, figure_artifact
from reports.layout.roof_lines import draw_roofs, name_roofs
from reports.layout.sheets import MOST_PANELS, spread, undrawn
from reports.layout.style import FAINT
from reports.models.classifiers import MODELS, of_models
from reports.models.detectors import DETECTORS, is_detector

WIDE, FAR = 3.0, 50.0
"""Times the axis goes beyond what is drawn, and below where roofs meet: their names stand above the slanted part."""


@dataclass(frozen=True)
class CaseDot:
    """A measured case.

    intensity: FLOP a byte of the least traffic.
    rate: its FLOP/s.
    reachable: the FLOP/s of its limit.
    """

    label: str
    intensity: float
    rate: float
    reachable: float


@dataclass(frozen=True)
class RooflinePanel:
    """One operator in one mode, or all whole models.

    ground: mode and clock.
    """

    title: str
    ground: str
    dots: tuple[CaseDot, ...]
    roofs: Roofs


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per device and dtype: only there are roofs the same."""
    limited = [record for record in settled(besides_machine(records)) if record.limit is not None]
    places = grouped(limited, lambda record: f"{record.case.point.dtype}, {record.case.point.device}")
    panels = {place: drawable for place, group in places.items() if (drawable := roofline_panels(group))}
    return [_figure(panels[place], places[place], place, place if len(panels) > 1 else "") for place in panels]


def roofline_panels(records: Sequence[Record]) -> list[RooflinePanel]:
    """Make panels, in the order they came, without those where nothing was computed."""
    models = {id(record) for record in of_models(records)}

    def title_and_ground(record: Record) -> tuple[str, str]:
        point = record.case.point
        together = MODELS if id(record) in models else DETECTORS if is_detector(record) else ""
        return together or point.operator, f"{point.mode}, {point.clock} clock"

    groups = grouped(records, title_and_ground)
    panels = [RooflinePanel(*key, tuple(dots(group)), roofs(group)) for key, group in groups.items()]
    return [panel for panel in panels if panel.dots]


def dots(records: Iterable[Record]) -> list[CaseDot]:
    """Place every measured case that computes: nothing over bytes is no place on a logarithmic axis."""
    drawable = []
    for record in records:
        work, limit, outcome = record.work, record.limit, record.outcome
        if work is not None and work.flops and work.moved_bytes and limit is not None and isinstance(outcome, Measured):
            rate = work.flops / median(outcome.samples_s)
            drawable.append(CaseDot(record.case.label, work.flops / work.moved_bytes, rate, work.flops / limit.seconds))
    return drawable


def _figure(panels: Sequence[RooflinePanel], records: Sequence[Record], place: str, label: str) -> Artifact:
    shown, rest = spread(panels, MOST_PANELS)
    labels = sorted({dot.label for panel in shown for dot in panel.dots})

    def draw(ax: Axes, panel: RooflinePanel) -> None:
        _frame(ax, shown)
        _draw(ax, panel)
        canvas.head(ax, panel.title, panel.ground)

    data = draw_panels(shown, draw, lambda: [*map(dots_handle, labels), _LIMIT])
    caption = f"{_caption(place, records)}{left_out(records)}{undrawn(len(shown), rest)}"
    return figure_artifact("roofline", "Roofline", label, caption, data)


def _caption(place: str, records: Sequence[Record]) -> str:
    without = sum(record.work is not None and not record.work.flops for record in records)
    missing = f" Without arithmetic and so without a place here: {counted(without, 'case')}." if without else ""
    return (
        f"FLOP/s of every case over the FLOP it has for a byte of its least traffic ({place}); a MAC is two FLOPs. "
        "Roofs are the machine's own, measured: of each memory level that the cases fit into the median bandwidth, in "
        "a band from least to largest (mixes of reads and writes differ, and rates fall off between two sizes), and "
        "the fastest arithmetic of the panel's operations. A dash is a case's limit: below the roofs where starting a "
        f"call that does nothing takes longer.{missing}"
    )


def _frame(ax: Axes, shown: Sequence[RooflinePanel]) -> None:
    """The same axes for all panels: roofs are compared across them."""
    every_dot = [dot for plot in shown for dot in plot.dots]
    ridges = [plot.roofs.ridge for plot in shown if plot.roofs.ridge]
    places = [*(dot.intensity for dot in every_dot), *ridges]
    rates = [rate for dot in every_dot for rate in (dot.rate, dot.reachable)]
    peaks = [plot.roofs.peak for plot in shown if plot.roofs.peak]
    ax.set_xscale("log")
    ax.set_xlim(min([min(places) / WIDE, *(ridge / FAR for ridge in ridges)]), max(places) * WIDE)
    ax.set_yscale("log")
    ax.set_ylim(min(rates) / 2, max(*rates, *peaks) * WIDE)
    ax.set_xlabel("FLOP per byte")
    ax.set_ylabel("FLOP/s")


def _draw(ax: Axes, plot: RooflinePanel) -> None:
    draw_roofs(ax, plot.roofs)
    name_roofs(ax, plot.roofs)
    for intensity, reachable in {(dot.intensity, dot.reachable) for dot in plot.dots}:
        lowest = min(dot.rate for dot in plot.dots if (dot.intensity, dot.reachable) == (intensity, reachable))
        ax.vlines(intensity, min(lowest, reachable), reachable, color=FAINT, lw=0.5, alpha=0.5)
        ax.plot(intensity, reachable, marker="_", ms=9, mew=1.2, color=FAINT)
    for label in sorted({dot.label for dot in plot.dots}):
        same_label = [dot for dot in plot.dots if dot.label == label]
        draw_dots(ax, label, [dot.intensity for dot in same_label], [dot.rate for dot in same_label])
    canvas.decades(ax.xaxis, ends=ax.get_xlim())
    canvas.decades(ax.yaxis, units.tick(units.quantity), ax.get_ylim())


_LIMIT = Line2D([], [], ls="", marker="_", ms=9, mew=1.2, color=FAINT, label="limit of a case")

REPORT = Report(
    about="FLOP/s over FLOP per byte of every case, below the machine's own bandwidths and arithmetic",
    order=22,
    cost=0.3,
    render=render,
)
