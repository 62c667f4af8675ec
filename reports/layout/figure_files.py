"""A figure as a file: a panel for each thing that is drawn, one legend above them, a title and a name that fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from opbench.vocabulary.report import Artifact
from reports.layout import canvas
from reports.layout.style import styled, to_svg

Item = TypeVar("Item")


def figure_artifact(stem: str, title: str, label: str, caption: str, data: bytes) -> Artifact:
    """Name a figure's file and title it; `label` tells it from its siblings, "" where it has none."""
    return Artifact(figure_file(stem, label), titled(title, label), caption, data)


def draw_panels(
    items: Sequence[Item], draw: Callable[[Axes, Item], None], handles: Callable[[], Sequence[Artist]]
) -> bytes:
    """Draw a panel for each item, and above them the legend whose `handles` are asked for after that; SVG."""
    with styled():
        grid = canvas.grid(len(items))
        for ax, item in zip(grid.panels, items, strict=True):
            draw(ax, item)
        canvas.legend(grid.figure, handles())
        return to_svg(grid.figure)


def titled(stem: str, label: str) -> str:
    """Add the label to the title, if there is one."""
    return f"{stem}: {label}" if label else stem


def figure_file(stem: str, label: str) -> str:
    """Name the file: `figures/latency.svg`, or by a label `figures/latency_float16_forward_cpu_wall_clock.svg`."""
    return f"figures/{re.sub(r'[^A-Za-z0-9]+', '_', f'{stem} {label}'.strip())}.svg"
