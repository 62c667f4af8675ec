"""Latency per backend and per operator: one figure per setting, failures counted in its caption."""

from __future__ import annotations

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Failed
from reports.data.series import panels
from reports.figures import fastest, latency
from reports.figures.fastest import fastest as fastest_of
from reports.layout.curves import _alone

from ..builders import every_outcome, line, record


def test_one_figure_per_setting_named_by_it() -> None:
    names = [found.name for found in latency.REPORT.render([record(), record(dtype="float16")])]
    assert names == [f"figures/latency_{dtype}_forward_cpu_wall_clock.svg" for dtype in ("float32", "float16")]


def test_the_caption_counts_what_is_not_drawn() -> None:
    (found,) = latency.REPORT.render(every_outcome())
    assert "Not drawn: 1 failed, 1 mismatch, 1 unavailable" in found.caption


def test_a_panel_without_any_measurement_is_counted_too() -> None:
    (found,) = latency.REPORT.render([record(), record(Failed("measure", "x"), operator="other")])
    assert "Not drawn: 1 failed" in found.caption


def test_the_fastest_backend_is_chosen_at_every_point() -> None:
    (panel,) = panels([*line("a", [1e-6, 9e-6]), *line("b", [2e-6, 3e-6])])
    times, chosen = fastest_of(panel)
    assert chosen == {8: "a", 16: "b"}
    assert [round(time.mid * 1e6, 9) for time in times.values()] == [1, 3]


def test_the_comparison_says_which_backend_it_drew() -> None:
    (found,) = fastest.REPORT.render([*line("a", [1e-6], "one"), *line("b", [2e-6], "two")])
    assert "one: always a; two: always b" in found.caption


def test_a_single_operator_is_not_compared() -> None:
    assert fastest.REPORT.render(line("a", [1e-6, 2e-6])) == []


def test_a_point_between_two_gaps_stands_alone() -> None:
    here, gap = Interval(1, 2, 3), Interval(float("nan"), float("nan"), float("nan"))
    assert _alone([1, 2, 3, 4, 5], [here, gap, here, gap, here]) == [1, 3, 5]
    assert _alone([1, 2, 3], [here, here, gap]) == []
