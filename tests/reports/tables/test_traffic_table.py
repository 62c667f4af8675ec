"""Traffic over the least: a cell for each schedule and point, shaded by how much more moves, and what it is not."""

from __future__ import annotations

from dataclasses import replace

from reports.tables.traffic_table import MOST_POINTS, shade, traffic_tables
from tests.counts import count

from ..model_builders import cells, values


def test_a_row_has_what_a_schedule_writes_over_its_output_and_reads_over_its_inputs() -> None:
    found = traffic_tables([count("b:flat", written=11, read=31), count("b:direct", written=10, read=10)])
    assert cells(found, "traffic") == [["b:flat", "1.10", "3.10"], ["b:direct", "1.00", "1.00"]]
    assert values(found, "traffic")[0]["written_over_least(channels=3)"] == "1.1"
    html = found[0].data.decode()
    assert '<td class="n shade1">1.10</td><td class="n shade3">3.10</td>' in html
    assert '<td class="n">1.00</td><td class="n">1.00</td>' in html


def test_the_caption_says_what_it_is_and_what_it_is_not() -> None:
    caption = traffic_tables([count()])[0].caption
    assert "Counted by executing the PTX" in caption
    assert "no time and no bandwidth; caches are not modelled" in caption
    assert "Executed: somebody's PTX, for sm_90. rowsum: channels=3, float32, forward." in caption


def test_points_have_a_column_each_under_what_sets_them_apart() -> None:
    found = traffic_tables([count(written=10 + step, channels=3 + step, edge=7) for step in range(3)])
    assert cells(found, "traffic") == [["triton_jit:flat", "1.00", "1.10", "1.20", "2.40", "2.40", "2.40"]]
    html = found[0].data.decode()
    assert '<th colspan="3" class="group">written / output, channels</th>' in html
    assert '<th class="n">3</th><th class="n">4</th><th class="n">5</th>' in html


def test_a_schedule_that_was_not_counted_at_a_point_has_no_figure_there() -> None:
    found = traffic_tables([count("a", channels=3), count("a", channels=5), count("b", channels=5)])
    assert cells(found, "traffic")[1] == ["b", "–", "1.20", "–", "2.40"]


def test_of_many_points_the_median_and_the_worst_are_shown_and_the_csv_has_all() -> None:
    number = MOST_POINTS + 1
    found = traffic_tables([count(written=10 + step, read=20, channels=step) for step in range(number)])
    assert cells(found, "traffic") == [["triton_jit:flat", "1.30", "1.60|channels=6", "2.00", "2.00|channels=0"]]
    (row,) = values(found, "traffic")
    assert len(row) == 2 + 2 * number


def test_dtypes_operators_and_architectures_have_a_table_each() -> None:
    every = [count(), count(dtype="bfloat16"), count(operator="<other>"), replace(count(), architecture="sm_80")]
    found = traffic_tables(every)
    names = [artifact.name for artifact in found if artifact.is_table]
    assert names == ["tables/traffic.html", *(f"tables/traffic_{number}.html" for number in (2, 3, 4))]
    assert found[2].title == "Traffic over the least: rowsum, bfloat16, forward"


def test_a_call_that_needs_to_read_nothing_has_no_ratio() -> None:
    found = traffic_tables([replace(count(), least_read_bytes=0)])
    assert cells(found, "traffic") == [["triton_jit:flat", "1.20", "–"]]


def test_the_more_moves_the_darker_is_the_cell() -> None:
    assert [shade(ratio) for ratio in (1.0, 1.005, 1.006, 1.2, 3.0, 7.0, 30.0, 1000.0)] == [0, 0, 1, 2, 3, 4, 5, 6]
