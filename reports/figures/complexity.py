"""How much work one call is: the operators' formulas, the counters' counts and the paper's cost model, together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes as Cell
from matplotlib.lines import Line2D

from opbench.vocabulary.case import Axes
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from opbench.vocabulary.work import Work
from reports.data import units
from reports.layout import canvas
from reports.layout.figure_files import draw_panels, figure_file, titled
from reports.layout.sheets import lines_of, spread, undrawn
from reports.layout.style import FAINT, INK, style_of
from reports.models.agreement import agreement
from reports.models.classifiers import operator_panels
from reports.models.cost_models import paper_macs

MOST_FIGURES = 4

COUNTER_MARKS = {"fvcore": "o", "torch": "x"}


@dataclass(frozen=True)
class Metric:
    """One way to add up work: from a formula's Work, and from a counter's counts.

    about: what is counted, in a line.
    """

    title: str
    about: str
    of_work: Callable[[Work], int]
    of_counts: Callable[[Mapping[str, int]], int]


MACS = Metric(
    "MACs of one call",
    "multiply-accumulates and lone products",
    lambda work: work.model_macs,
    lambda counts: counts["macs"] + counts["products"],
)
FLOPS = Metric(
    "FLOPs of one call",
    "2 per MAC, 1 per product or elementwise operation",
    lambda work: work.flops,
    lambda counts: 2 * counts["macs"] + counts["products"] + counts["elementwise"],
)


@dataclass(frozen=True)
class WorkPlot:
    """Operators over one axis.

    x: the axis.
    fixed: the others.
    lines: operator to x to a record that has its Work.
    """

    x: str
    fixed: Axes
    lines: Mapping[str, Mapping[float, Record]]

    @property
    def records(self) -> list[Record]:
        return [record for line in self.lines.values() for record in line.values()]


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw a figure for each axis and what is constant along it, MOST_FIGURES at most."""
    every_plot = plots(records)
    shown, _ = spread(lines_of(every_plot, lambda plot: max(map(len, plot.lines.values()))), MOST_FIGURES)
    remark = undrawn(len(shown), len(every_plot) - len(shown), "figures")
    return [_figure(plot, str(number) if number > 1 else "", remark) for number, plot in enumerate(shown, 1)]


def plots(records: Sequence[Record]) -> list[WorkPlot]:
    """Choose one record per operator and point, one with counts: backends, dtypes and modes share the work."""
    groups: dict[tuple[str, Axes], dict[str, dict[float, Record]]] = defaultdict(lambda: defaultdict(dict))
    for panel in operator_panels(records):
        line = groups[panel.x, panel.fixed][panel.operator]
        for record in panel.records:
            known = line.get(panel.position(record))
            if record.work is not None and (known is None or (record.counts and not known.counts)):
                line[panel.position(record)] = record
    return [
        WorkPlot(x, fixed, {name: dict(sorted(line.items())) for name, line in lines.items() if line})
        for (x, fixed), lines in groups.items()
        if any(lines.values())
    ]


def _figure(plot: WorkPlot, number: str, remark: str) -> Artifact:
    widths = _widths(plot)
    data = draw_panels((MACS, FLOPS), lambda ax, metric: _draw(ax, metric, plot, widths), lambda: _handles(plot))
    caption = f"{_caption(plot, bool(widths))}{remark}"
    return Artifact(figure_file("complexity", number), titled("Work per call", ", ".join(plot.lines)), caption, data)


def _caption(plot: WorkPlot, has_widths: bool) -> str:
    ground = ", ".join(f"{name}={value}" for name, value in plot.fixed.items())
    parts = [
        (
            f"Work of one call{f' at {ground}' if ground else ''}: the operators' formulas as lines, counted values as "
            "marks. A MAC is one multiply-accumulate; lone products are added to the MACs as in the paper. "
            "A MAC is two FLOPs, a product or an elementwise operation one."
        ),
        agreement(plot.records),
        "n: output channels." if has_widths else "",
    ]
    return " ".join(filter(None, parts))


def _draw(ax: Cell, metric: Metric, plot: WorkPlot, widths: Mapping[float, int]) -> None:
    drawn: list[float] = []
    for operator, line in plot.lines.items():
        drawn += _draw_operator(ax, metric, operator, line)
    room = canvas.WORDS if widths else canvas.DIGITS
    shown = canvas.scale_x(ax, plot.x, (x for line in plot.lines.values() for x in line), room)
    if widths:
        ax.set_xticks(shown, [f"{x}\nn={widths[x]}" if x in widths else f"{x}" for x in shown])
    canvas.scale_y(ax, units.quantity, drawn)
    canvas.head(ax, metric.title, metric.about)


def _draw_operator(ax: Cell, metric: Metric, operator: str, line: Mapping[float, Record]) -> list[float]:
    """The formula's line, each counter's marks and the paper's dashes; returns the values drawn."""
    colour = style_of(operator).colour
    work = {x: float(metric.of_work(record.work)) for x, record in line.items() if record.work is not None}
    dot = "_" if len(work) == 1 else ""  # a line through one point cannot be seen
    ax.plot(list(work), list(work.values()), color=colour, marker=dot, ms=22, mew=3.2, lw=3.2, alpha=0.45)
    for counter, mark in COUNTER_MARKS.items():
        counted = {
            x: metric.of_counts(counts)
            for x, record in line.items()
            if not isinstance(counts := record.counts.get(counter, ""), str)
        }
        ax.plot(list(counted), list(counted.values()), mark, color=colour, mfc="none", ms=_size(mark))
    if metric is MACS:
        paper = {x: value for x, record in line.items() if (value := paper_macs(record)) is not None}
        ax.plot(list(paper), list(paper.values()), color=INK, ls=(0, (4, 3)), lw=1)
    return list(work.values())


def _size(mark: str) -> float:
    return 7 if mark == "o" else 4.5


def _handles(plot: WorkPlot) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=style_of(name).colour, lw=3.2, alpha=0.6, label=name) for name in plot.lines
    ]
    counted = {name for record in plot.records for name, counts in record.counts.items() if not isinstance(counts, str)}
    for counter, mark in COUNTER_MARKS.items():
        if counter in counted:
            label = f"counted by {counter}"
            handles.append(Line2D([], [], color=FAINT, marker=mark, mfc="none", ms=_size(mark), ls="", label=label))
    if any(paper_macs(record) is not None for record in plot.records):
        handles.append(Line2D([], [], color=INK, ls=(0, (4, 3)), lw=1, label="paper's cost model"))
    return handles


def _widths(plot: WorkPlot) -> dict[float, int]:
    """x to the output channels there, where all operators of the plot have the same; else empty."""
    widths: dict[float, int] = {}
    for line in plot.lines.values():
        for x, record in line.items():
            width = record.sizes.get("out_channels")
            if width is None or widths.setdefault(x, width) != width:
                return {}
    return widths


REPORT = Report(
    about="MACs and FLOPs of one call: formula, counters and the paper's cost model",
    order=10,
    cost=0.5,
    render=render,
)
