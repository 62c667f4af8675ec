"""A panel for each thing that is drawn, the legend after them, and a file name that any system takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reports.layout.curves import handle
from reports.layout.figure_files import draw_panels, figure_artifact

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_item_has_a_panel_of_its_own_and_the_legend_is_asked_for_after_them(count: int) -> None:
    calls: list[object] = []
    drawn: list[Axes] = []

    def draw(ax: Axes, item: int) -> None:
        calls.append(item)
        drawn.append(ax)

    def handles() -> list[Artist]:
        calls.append("legend")
        return [handle("torch_eager")]

    svg = draw_panels(range(count), draw, handles)
    assert calls == [*range(count), "legend"]
    assert len(set(map(id, drawn))) == count
    assert svg.startswith(b"<?xml")


@pytest.mark.parametrize(
    ("label", "name", "title"),
    [
        ("", "figures/latency.svg", "Latency"),
        ("float32, cpu", "figures/latency_float32_cpu.svg", "Latency: float32, cpu"),
        ("../x: <b>", "figures/latency_x_b_.svg", "Latency: ../x: <b>"),
    ],
)
def test_the_label_is_in_the_title_as_it_is_and_in_the_name_by_its_letters(label: str, name: str, title: str) -> None:
    artifact = figure_artifact("latency", "Latency", label, "caption", b"<svg/>")
    assert (artifact.name, artifact.title, artifact.caption) == (name, title, "caption")
    assert re.fullmatch(r"figures/\w+\.svg", artifact.name)
