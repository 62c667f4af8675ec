"""A series styles the same in every figure, and a figure is the same bytes every time."""

from __future__ import annotations

import matplotlib as mpl
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
