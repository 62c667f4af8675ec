"""A roofline is read off the records alone: points from work and time, roofs from what their limits are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from opbench.vocabulary.record import Failed, Record
from opbench.vocabulary.work import Work
from reports.data.limits import SHADES
from reports.data.roofs import Roof, Roofs, roofs
from reports.figures.roofline import REPORT, _draw, _frame, roofline_panels
from reports.layout.roof_lines import draw_roofs, name_roofs

from ..builders import every_outcome, record, work
from ..limit_builders import LIMIT_S, limit, limited

WORK = work()


def on(level: str, memory_s: float) -> Record:
    found = limited(0.5, level)
    return replace(found, limit=replace(limit(level), memory_s=memory_s))


def test_a_point_is_flops_a_byte_and_a_second_and_reaches_its_limit_at_most() -> None:
    (plot,) = roofline_panels([limited(0.25)])
    (dot,) = plot.dots
    assert dot.intensity == pytest.approx((2 * 1000 + 200 + 50) / (4096 + 8192))
    assert dot.rate == pytest.approx(2250 / (4 * LIMIT_S))
    assert dot.reachable == pytest.approx(4 * dot.rate)


def test_a_levels_roof_reaches_from_its_least_to_its_largest_bandwidth() -> None:
    found = roofs([on("L3", seconds) for seconds in (1e-6, 2e-6, 8e-6)])
    (roof,) = found.levels
    moved = WORK.moved_bytes
    assert (roof.low, roof.mid, roof.high) == pytest.approx((moved / 8e-6, moved / 2e-6, moved / 1e-6))


def test_levels_come_the_nearest_first_and_arithmetic_is_the_fastest() -> None:
    slow = replace(limited(), limit=replace(limit("DRAM"), arithmetic_s=3e-6))
    found = roofs([slow, limited(bound_by="L1"), limited(bound_by="L3"), record()])
    assert [roof.level for roof in found.levels] == ["L1", "L3", "DRAM"]
    assert found.peak == pytest.approx(WORK.flops / (LIMIT_S / 10))


def test_slanted_roofs_end_at_the_peak() -> None:
    cell = Figure().subplots()
    cell.set(xscale="log", yscale="log", xlim=(0.01, 100), ylim=(1e8, 1e12))
    found = Roofs((Roof("L2", 1e11, 2e11, 3e11), Roof("DRAM", 1e10, 2e10, 2e10)), 4e11)
    draw_roofs(cell, found)
    for drawn, ridge in zip(cell.lines, (2, 20), strict=True):
        assert np.max(np.asarray(drawn.get_xdata())) == pytest.approx(ridge)
        assert np.max(np.asarray(drawn.get_ydata())) == pytest.approx(4e11)
    assert found.ridge == pytest.approx(20)


def test_every_roof_carries_its_name_and_rate() -> None:
    cell = Figure().subplots()
    cell.set(xscale="log", yscale="log", xlim=(0.01, 100), ylim=(1e8, 1e12))
    name_roofs(cell, Roofs((Roof("L2", 1e11, 2e11, 3e11),), 4e11))
    assert [text.get_text().strip() for text in cell.texts] == ["L2 200 GB/s", "arithmetic 400 GFLOP/s"]


def test_all_panels_have_the_same_axes_and_hold_what_is_drawn_in_them() -> None:
    shown = roofline_panels([limited(0.01, operator="one", macs=7), limited(0.9, operator="two", macs=10**7)])
    cells = [Figure().subplots() for _ in shown]
    for cell, plot in zip(cells, shown, strict=True):
        _frame(cell, shown)
        _draw(cell, plot)
    assert len({(cell.get_xlim(), cell.get_ylim()) for cell in cells}) == 1
    (left, right), (bottom, top) = cells[0].get_xlim(), cells[0].get_ylim()
    for dot in (dot for plot in shown for dot in plot.dots):
        assert left < dot.intensity < right
        assert bottom < dot.rate < dot.reachable < top


def test_pure_memory_has_no_place_and_is_counted() -> None:
    copying = replace(limited(operator="copy"), work=Work(0, 0, 0, 64, 64))
    (found,) = REPORT.render([limited(), copying])
    assert "Without arithmetic and so without a place here: 1 case." in found.caption
    assert REPORT.render([copying]) == []


def test_one_figure_for_each_dtype_and_device() -> None:
    found = REPORT.render([limited(), limited(dtype="float16")])
    assert [one.name for one in found] == ["figures/roofline_float32_cpu.svg", "figures/roofline_float16_cpu.svg"]
    assert [one.name for one in REPORT.render([limited()])] == ["figures/roofline.svg"]


def test_backward_has_a_panel_of_its_own() -> None:
    forward = limited()
    point = replace(forward.case.point, mode="backward")
    backward = replace(forward, case=replace(forward.case, point=point))
    assert [plot.ground for plot in roofline_panels([forward, backward])] == [
        "forward, wall clock",
        "backward, wall clock",
    ]


def test_a_case_without_a_measurement_is_counted() -> None:
    failed = replace(record(Failed("measure", "x"), channels=7), limit=limit())
    assert "Not drawn: 1 failed" in REPORT.render([limited(), failed])[0].caption


def test_without_limits_there_is_no_roofline() -> None:
    assert REPORT.render([]) == []
    assert REPORT.render(every_outcome()) == []


def test_every_level_a_machine_has_is_known_by_colour() -> None:
    assert {"L1", "L2", "L3", "DRAM", "arithmetic", "launch"} == SHADES.keys()
