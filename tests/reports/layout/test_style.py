"""A series styles the same in every figure, and a figure is the same bytes every time."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

from reports.layout.style import PALETTE, style_of, styled, to_svg


def drawing() -> bytes:
    with styled():
        figure = Figure()
        figure.subplots().plot([1, 2], [3, 4])
        return to_svg(figure)


def test_a_label_keeps_its_look_and_an_unknown_one_gets_one_of_the_palette() -> None:
    assert style_of("someones_backend") == style_of("someones_backend")
    assert style_of("someones_backend").colour in PALETTE


def test_schedules_and_repeats_share_their_backends_colour_but_not_its_look() -> None:
    styles = [style_of(name) for name in ("triton_jit", "triton_jit:direct", "triton_jit:balanced", "triton_jit#2")]
    assert len({how.colour for how in styles}) == 1
    assert len(set(styles)) == 4


def test_the_usual_backends_can_be_told_apart_by_colour_alone_and_by_marker_alone() -> None:
    names = ("torch_eager", "torch_compile", "cpp_ext", "triton_jit", "numba_cuda", "cupy_raw")
    styles = [style_of(name) for name in names]
    assert len({how.colour for how in styles}) == len({how.marker for how in styles}) == 6


def test_matplotlib_is_left_as_it_was() -> None:
    before = dict(mpl.rcParams)
    drawing()
    assert dict(mpl.rcParams) == before


def test_a_figure_drawn_twice_is_the_same_bytes_and_carries_no_date() -> None:
    assert drawing() == drawing()
    assert b"<dc:date>" not in drawing()


def constrained() -> Figure:
    figure = Figure(layout="constrained")
    for ax, width in zip(figure.subplots(1, 3), (1, 1000, 1_000_000), strict=True):
        ax.plot([0, 1], [0, width])
        ax.set_ylabel("seconds")
    return figure


def test_a_figure_with_a_layout_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    draw = Figure.draw

    def counted(self: Figure, renderer: RendererBase) -> None:
        drawn.append(self)
        draw(self, renderer)

    monkeypatch.setattr(Figure, "draw", counted)
    with styled():
        to_svg(constrained())
    assert len(drawn) == 1


def test_places_of_panels_are_without_the_digits_that_a_solver_leaves_open() -> None:
    figure = constrained()
    with styled():
        to_svg(figure)
    places = [number for ax in figure.axes for number in ax.get_position().bounds]
    assert max(abs(number - round(number, 12)) for number in places) < 1e-15
    assert len(set(places)) > 4
