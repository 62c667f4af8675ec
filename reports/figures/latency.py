"""How long one call takes: the median with its 95 % interval, per backend, along the axis that varies."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from opbench.errors import unknown
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data.series import Panel, is_number, panels
from reports.layout import canvas
from reports.layout.curves import draw_times, handle
from reports.layout.figure_files import draw_panels, figure_artifact
from reports.layout.sheets import Sheet, sheets
from reports.models.classifiers import operator_panels


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per setting; one per operator too where there are many panels."""
    return [_figure(sheet) for sheet in sheets(operator_panels(records), lambda panel: panel.lines)]


def along(records: Sequence[Record], x: str | None) -> list[Artifact]:
    """Draw the same along one axis. Raises UsageError for one that is none of these records', or not of numbers."""
    axes = [record.case.point.axes for record in records]
    numbers = {name for places in axes for name, value in places.items() if is_number(value)}
    if x is not None and x not in numbers:
        raise unknown("axis", x, numbers, "of numbers in these records")
    return [_figure(sheet) for sheet in sheets(panels(records, x), lambda panel: panel.lines)]


def _figure(sheet: Sheet) -> Artifact:
    caption = f"Median time of one call; the band is its 95 % interval ({sheet.setting}).{sheet.remarks}"
    labels = sorted({label for panel in sheet.panels for label in panel.lines})
    data = draw_panels(sheet.panels, _draw, lambda: [handle(label) for label in labels])
    return figure_artifact("latency", "Latency per backend", sheet.label, caption, data)


def _draw(ax: Axes, panel: Panel) -> None:
    draw_times(ax, panel.x, panel.lines, panel.gaps)
    canvas.head(ax, panel.operator, panel.ground)


REPORT = Report(
    about="median latency and its 95 % interval along the axis that varies, per backend",
    order=20,
    cost=0.35,
    render=render,
)
