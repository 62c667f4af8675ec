"""Shares of the limit along an axis: what is drawn stands where it was measured, below what bounds it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from opbench.vocabulary.record import Failed
from reports.data.series import Panel, panels
from reports.figures.limit_share import MOST, REPORT, _draw, shares
from reports.layout import canvas
from reports.layout.bounds_strip import Area, areas, draw_strip

from ..builders import every_outcome, line, record
from ..limit_builders import limit, limited


def panel(*found: tuple[int, float, str]) -> Panel:
    """(channels, share of the limit, what bounds it) of one backend."""
    (made,) = panels(limited(fraction, bound, batch=1, channels=x) for x, fraction, bound in found)
    return made


def test_a_share_stands_at_its_x_with_the_interval_of_its_latency() -> None:
    found = shares(panel((13, 0.5, "L2"), (7, 0.25, "L1")))["cpp_ext"]
    assert list(found) == [7, 13]
    assert [one.mid for one in found.values()] == pytest.approx([0.25, 0.5])
    assert all(one.low < one.mid < one.high for one in found.values())


def test_neighbours_with_the_same_bound_are_one_area() -> None:
    found = areas(
        panel(*((x, 0.5, bound) for x, bound in zip((1, 3, 5, 7), ("launch", "L2", "L2", "DRAM"), strict=True)))
    )
    assert found == [Area("launch", 1, 1), Area("L2", 3, 5), Area("DRAM", 7, 7)]


def test_page_faults_set_no_area() -> None:
    assert areas(panel((7, 0.5, "allocation"))) == [Area("L2", 7, 7)]


@pytest.mark.parametrize("places", [(1, 3, 5, 7), (1, 2, 4, 8, 1024), (7,)])
def test_the_strip_covers_the_axis_and_changes_in_the_middle_between_two_points(places: tuple[int, ...]) -> None:
    bounds = ["launch", *["L2"] * (len(places) - 1)]
    found = panel(*((x, 0.5, bound) for x, bound in zip(places, bounds, strict=True)))
    cell = Figure().subplots()
    _draw(cell, found)
    patches = [patch.get_extents().transformed(cell.transData.inverted()) for patch in cell.patches]
    assert [patches[0].x0, patches[-1].x1] == pytest.approx(cell.get_xlim())
    for before, after in pairwise(patches):
        assert before.x1 == pytest.approx(after.x0)
        assert places[0] < before.x1 < places[1]


def test_a_name_that_does_not_fit_is_returned_for_the_legend() -> None:
    cell = Figure().subplots()
    canvas.scale_x(cell, "channels", range(1, 32))
    cell.set_xlim(1, 31)
    nameless = draw_strip(cell, [Area("arithmetic", 1, 1), Area("L2", 2, 31)])
    assert nameless == {"arithmetic"}
    assert [text.get_text() for text in cell.texts] == ["L2"]


def test_the_axis_begins_at_nothing_and_ends_above_the_limit() -> None:
    cell = Figure().subplots()
    _draw(cell, panel((7, 0.01, "L2"), (13, 0.02, "L2")))
    low, high = cell.get_ylim()
    assert low == 0
    assert high > 1


def test_what_lies_beyond_the_axis_is_written_at_its_end() -> None:
    cell = Figure().subplots()
    _draw(cell, panel((7, 0.5, "L2"), (13, 15.0, "L2")))
    assert cell.get_ylim()[1] == MOST
    assert "↑ 1500 %" in [text.get_text() for text in cell.texts]


def test_where_page_faults_cost_more_than_the_limit_the_marker_is_hollow() -> None:
    cell = Figure().subplots()
    _draw(cell, panel((7, 0.5, "L2"), (13, 0.3, "allocation")))
    hollow = [drawn for drawn in cell.lines if drawn.get_markerfacecolor() == "white"]
    assert [np.asarray(drawn.get_xdata()).tolist() for drawn in hollow] == [[13]]
    (found,) = REPORT.render([limited(bound_by="allocation")])
    assert "Hollow" in found.caption
    assert "Hollow" not in REPORT.render([limited()])[0].caption


def test_a_case_without_a_measurement_is_counted_and_not_drawn() -> None:
    failed = replace(record(Failed("measure", "x"), "cpp_ext", batch=1, channels=32), limit=limit())
    (found,) = REPORT.render([limited(), failed])
    assert "Not drawn: 1 failed" in found.caption


def test_a_machine_without_ceilings_has_no_such_figure() -> None:
    assert REPORT.render([]) == []
    assert REPORT.render([*every_outcome(), *line("torch_eager", [1e-6, 2e-6])]) == []
