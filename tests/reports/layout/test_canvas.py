"""Axes whose ticks can be read: on measured values, apart from each other, on the scale that suits them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from matplotlib.figure import Figure

from reports.data import units
from reports.layout import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def panel() -> Axes:
    return Figure().subplots()


@pytest.mark.parametrize(
    ("values", "scale"),
    [([16, 32, 64, 128], "log"), ([4, 8, 12, 16, 20, 24], "linear"), ([7], "linear"), ([0, 1, 2, 64], "linear")],
)
def test_doublings_get_a_doubling_scale_and_even_steps_a_linear_one(values: list[int], scale: str) -> None:
    found = panel()
    assert canvas.scale_x(found, "channels", values) == values or values[0] == 0
    assert found.get_xscale() == scale


def test_ticks_that_would_touch_are_left_out_and_the_ends_stay() -> None:
    shown = canvas.scale_x(panel(), "channels", range(1, 101))
    assert (shown[0], shown[-1]) == (1, 100)
    assert min(after - before for before, after in pairwise(shown)) >= 7


def test_fractions_are_written_as_they_are_and_apart_from_each_other() -> None:
    found = panel()
    assert canvas.scale_x(found, "rate", [0.0, 0.25, 0.5, 1]) == [0.0, 0.25, 0.5, 1]
    written = found.xaxis.get_major_formatter()
    assert [written(value) for value in (0.0, 0.25, 0.5, 1.0, 2048, 1e-05, 1 / 3)] == [
        *("0", "0.25", "0.5", "1", "2048", "1e-05", "0.333333"),
    ]
    long = canvas.scale_x(panel(), "rate", [0.10001 + place / 20 for place in range(20)])
    assert min(after - before for before, after in pairwise(long)) >= 0.15 * (long[-1] - long[0])


def test_an_axis_that_is_none_has_no_ticks_to_read() -> None:
    found = panel()
    canvas.scale_x(found, "", [0])
    assert found.xaxis.get_major_formatter()(0.0) == ""


def test_times_over_decades_are_drawn_on_a_logarithmic_scale() -> None:
    wide, narrow = panel(), panel()
    canvas.scale_y(wide, units.seconds, [1e-6, 1e-3])
    canvas.scale_y(narrow, units.seconds, [1e-6, 1.1e-6])
    assert (wide.get_yscale(), narrow.get_yscale()) == ("log", "linear")


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_grid_has_as_many_panels_and_notes_as_asked_for(count: int) -> None:
    grid = canvas.grid(count, lines_of_notes=2)
    assert len(grid.panels) == len(grid.notes) == count
    assert canvas.grid(count).notes == []


def test_what_is_constant_in_a_panel_reaches_into_no_other() -> None:
    ground = ", ".join(f"axis_{number}={number}" for number in range(12))
    made = canvas.grid(2)
    for one in made.panels:
        canvas.head(one, "operator", ground)
    made.figure.draw_without_rendering()
    (written,), next_panel = made.panels[0].texts, made.panels[1].get_window_extent()
    assert written.get_text().replace("\n", " ") == ground
    assert written.get_window_extent().x1 < next_panel.x0
    assert written.get_window_extent().y0 > made.panels[0].get_window_extent().y1


def test_a_short_one_stays_in_one_line() -> None:
    made = canvas.grid(2)
    canvas.head(made.panels[0], "operator", "batch=1, edge=14")
    assert made.panels[0].texts[0].get_text() == "batch=1, edge=14"


@pytest.mark.parametrize(("low", "high"), [(0.0, 9.0), (-1.0, 9.0), (0.5, math.inf), (math.nan, 9.0)])
def test_a_logarithmic_axis_has_ends(low: float, high: float) -> None:
    ax = panel()
    ax.set_xscale("log")
    with pytest.raises(ValueError, match="no logarithmic axis goes from"):
        canvas.decades(ax.xaxis, ends=(low, high))
