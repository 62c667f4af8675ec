"""One axis runs along x, the others are held constant, and nothing is drawn that was not measured."""

from __future__ import annotations

from itertools import product

from opbench.vocabulary.case import Axes
from opbench.vocabulary.record import Failed
from reports.data.series import comparable, panels, settled, x_axis
from reports.layout.sheets import MOST_PANELS, lines_of, sheets, spread

from ..builders import line, measured, record


def test_the_axis_with_the_most_values_runs_along_x() -> None:
    places = [Axes({"edge": edge, "channels": channels}) for edge, channels in product((7, 14), (8, 16, 32))]
    assert x_axis(places) == "channels"


def test_a_lone_point_is_placed_on_an_axis_above_one() -> None:
    assert x_axis([Axes({"batch": 1, "channels": 64})]) == "channels"


def test_an_operator_without_axes_still_has_a_panel() -> None:
    (panel,) = panels([record(batch=1) for _ in range(1)])
    assert (panel.x, panel.ground) == ("batch", "")
    assert x_axis([Axes({})]) == ""


def test_each_value_of_a_second_axis_has_its_own_panel() -> None:
    found = panels([record(edge=edge, channels=channels) for edge, channels in product((7, 14), (8, 16, 32))])
    assert [panel.ground for panel in found] == ["edge=7", "edge=14"]


def test_different_dtypes_never_share_a_panel() -> None:
    assert len(panels([record(channels=8), record(channels=8, dtype="float16")])) == 2


def test_the_last_record_of_a_case_counts() -> None:
    (only,) = settled([record(Failed("measure", "killed")), record(measured(2e-6))])
    assert only.outcome == measured(2e-6)


def test_points_run_upwards_whatever_order_they_came_in() -> None:
    (panel,) = panels(line("cpp_ext", [1e-6, 2e-6, 4e-6])[::-1])
    assert list(panel.lines["cpp_ext"]) == [8, 16, 32]


def test_a_failed_point_is_a_gap_and_not_a_value() -> None:
    (panel,) = panels([*line("cpp_ext", [1e-6]), record(Failed("measure", "x"), "cpp_ext", batch=1, channels=16)])
    assert list(panel.lines["cpp_ext"]) == [8]
    assert panel.gaps == {"cpp_ext": {16}}


def test_a_replica_is_a_series_of_its_own() -> None:
    (panel,) = panels([record(backend="cpp_ext"), record(backend="cpp_ext", replica=1)])
    assert list(panel.lines) == ["cpp_ext", "cpp_ext#2"]


def test_operators_are_comparable_only_over_the_same_axes() -> None:
    same = [record(operator=name, channels=8) for name in ("a", "b")]
    other = record(operator="c", length=8)
    (group,) = comparable(panels([*same, other]))
    assert [panel.operator for panel in group] == ["a", "b"]


def test_a_figure_holds_few_panels_and_says_how_many_it_left_out() -> None:
    records = [record(edge=edge, channels=channels) for edge, channels in product(range(1, 11), range(11))]
    (sheet,) = sheets(panels(records), lambda panel: panel.lines)
    assert len(sheet.panels) == MOST_PANELS
    assert f"{MOST_PANELS} of 10 panels are drawn" in sheet.remarks


def test_lone_points_give_way_to_lines_but_stand_where_there_are_none() -> None:
    assert lines_of(["a", "bc", "d", "efg"], len) == ["bc", "efg"]
    assert lines_of(["a", "d"], len) == ["a", "d"]


def test_spreading_keeps_both_ends() -> None:
    kept, rest = spread(range(20), 6)
    assert (kept[0], kept[-1], len(kept), rest) == (0, 19, 6, 14)
