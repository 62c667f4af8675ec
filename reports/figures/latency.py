"""How long one call takes: the median with its 95 % interval, per backend, along the axis that varies."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data.series import Panel
from reports.layout import canvas
from reports.layout.curves import draw_times, handle
from reports.layout.figure_files import draw_panels, figure_artifact
from reports.layout.sheets import Sheet, sheets
from reports.models.classifiers import operator_panels


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per setting; one per operator too where there are many panels."""
    return [_figure(sheet) for sheet in sheets(operator_panels(records), lambda panel: panel.lines)]


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
    render=render,
)
