"""How long one call takes: the median with its 95 % interval, per backend, along the axis that varies."""

from __future__ import annotations

from collections.abc import Sequence

from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data.machine_records import besides_machine
from reports.data.series import panels
from reports.layout import canvas
from reports.layout.curves import draw_times, handle
from reports.layout.sheets import Sheet, figure_file, sheets, titled
from reports.layout.style import styled, to_svg
from reports.models.classifiers import besides_models


def render(records: Sequence[Record]) -> list[Artifact]:
    return [
        _figure(sheet) for sheet in sheets(panels(besides_models(besides_machine(records))), lambda panel: panel.lines)
    ]


def _figure(sheet: Sheet) -> Artifact:
    caption = f"Median time of one call; the band is its 95 % interval ({sheet.setting}).{sheet.remarks}"
    labels = sorted({label for panel in sheet.panels for label in panel.lines})
    with styled():
        grid = canvas.grid(len(sheet.panels))
        for ax, panel in zip(grid.panels, sheet.panels, strict=True):
            draw_times(ax, panel.x, panel.lines, panel.gaps)
            canvas.head(ax, panel.operator, panel.ground)
        canvas.legend(grid.figure, [handle(label) for label in labels])
        data = to_svg(grid.figure)
    name = figure_file("latency", sheet.label)
    return Artifact(name, titled("Latency per backend", sheet.label), caption, data)


REPORT = Report(
    about="median latency and its 95 % interval along the axis that varies, per backend",
    order=20,
    render=render,
)
