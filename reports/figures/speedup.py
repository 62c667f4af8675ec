"""How many times faster a backend is than a baseline, point by point, with the ratio's own uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes

from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.ratios import BASELINES, Speedup, rivals
from reports.data.series import Panel
from reports.layout import canvas
from reports.layout.curves import draw_line, handle
from reports.layout.figure_files import figure_artifact
from reports.layout.sheets import Sheet, sheets
from reports.layout.style import INK, styled, to_svg
from reports.models.classifiers import operator_panels

LONGEST_NOTE = 58
"""Letters of a legend entry that fit under one panel of two at the size notes are written in."""


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per baseline and setting."""
    every_panel = operator_panels(records)
    return [
        _figure(sheet, baseline)
        for baseline in BASELINES
        for sheet in sheets(every_panel, partial(rivals, baseline=baseline))
    ]


def _figure(sheet: Sheet, baseline: str) -> Artifact:
    caption = (
        f"Median time of {baseline} over that of each backend: above 1 is faster than {baseline}. The band is the 95 % "
        f"interval of the ratio, both sides' intervals taken together ({sheet.setting}). In the legend: "
        f"geometric mean over the points where both were measured, and the least favourable of them."
        f"{sheet.remarks}"
    )
    entries = [_entries(panel, baseline) for panel in sheet.panels]
    lines = max(sum(entry.count("\n") + 1 for entry in texts.values()) for texts in entries)
    with styled():
        grid = canvas.grid(len(sheet.panels), lines_of_notes=lines)
        for ax, notes_ax, panel, texts in zip(grid.panels, grid.notes, sheet.panels, entries, strict=True):
            _draw(ax, panel, rivals(panel, baseline), panel.gaps[baseline])
            canvas.note(notes_ax, [handle(label, text) for label, text in texts.items()])
        data = to_svg(grid.figure)
    return figure_artifact(f"speedup_over_{baseline}", f"Speed-up over {baseline}", sheet.label, caption, data)


def _entries(panel: Panel, baseline: str) -> dict[str, str]:
    """Label to legend text, on two lines where one would run into the next panel's."""
    texts = {label: (label, speedup.summary(panel.x)) for label, speedup in rivals(panel, baseline).items()}
    return {
        label: (": " if sum(map(len, parts)) <= LONGEST_NOTE else ":\n").join(parts) for label, parts in texts.items()
    }


def _draw(ax: Axes, panel: Panel, rivals_drawn: Mapping[str, Speedup], gaps: set[float]) -> None:
    ax.axhline(1, color=INK, lw=1)
    for label, speedup in rivals_drawn.items():
        draw_line(ax, label, speedup.ratios, panel.gaps[label] | gaps)
    ratios = [ratio for speedup in rivals_drawn.values() for ratio in speedup.ratios.values()]
    canvas.scale_x(ax, panel.x, (x for speedup in rivals_drawn.values() for x in speedup.ratios))
    canvas.scale_y(ax, units.factor, [1.0, *(end for ratio in ratios for end in (ratio.low, ratio.high))])
    ax.set_ylabel("times faster")
    canvas.head(ax, panel.operator, panel.ground)


REPORT = Report(
    about="ratio of medians over torch_eager and torch_compile, with intervals, geometric mean and worst point",
    order=30,
    cost=0.8,
    render=render,
)
