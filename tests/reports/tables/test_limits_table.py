"""The table of limits: the mean of what each backend reached, its ends, and what bounds it most often."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.vocabulary.record import Failed
from reports.tables.limits_table import REPORT, reaches

from ..builders import every_outcome, record
from ..limit_builders import limit, limited
from ..model_builders import cells, values


def test_the_mean_of_a_quarter_and_all_is_a_half_and_its_ends_are_named() -> None:
    found = REPORT.render([limited(0.25, channels=7), limited(1.0, channels=13)])
    (row,) = cells(found, "limits")
    assert row[:2] == ["rowsum", "cpp_ext"]
    assert row[2].startswith("50 %|50 to 50 %")
    assert row[3:5] == ["100 %|channels=13", "25 %|channels=7"]


def test_what_bounds_most_often_is_named_with_how_often() -> None:
    bounds = ["L3", "launch", "L3", "arithmetic", "L3"]
    found = REPORT.render([limited(0.5, bound, channels=x) for x, bound in enumerate(bounds, 1)])
    (row,) = cells(found, "limits")
    assert row[5:] == ["L3|L3 at 3, launch at 1, arithmetic at 1", "5"]


def test_as_many_are_named_together() -> None:
    (found,) = reaches([limited(0.5, bound, channels=x) for x, bound in enumerate(["L2", "DRAM"], 1)])
    assert found.most_often == "L2, DRAM"


def test_the_nearest_to_the_limit_comes_first_within_its_operator() -> None:
    records = [
        limited(0.1, backend="a"),
        limited(0.9, backend="b", operator="other"),
        limited(0.3, backend="c"),
        limited(0.2, backend="d"),
    ]
    assert [(one.operator, one.backend) for one in reaches(records)] == [
        *(("rowsum", "c"), ("rowsum", "d"), ("rowsum", "a"), ("other", "b")),
    ]


def test_settings_are_not_mixed_and_named_where_there_are_several() -> None:
    found = REPORT.render([limited(0.5), limited(0.25, dtype="float16")])
    assert [row[0] for row in cells(found, "limits")] == [
        f"rowsum|{dtype}, forward, cpu, wall clock" for dtype in ("float32", "float16")
    ]


def test_machines_read_fractions_and_not_percent() -> None:
    (row,) = values(REPORT.render([limited(0.125, "DRAM")]), "limits")
    assert float(row["mean_fraction"]) == pytest.approx(0.125)
    assert (row["bound_by"], row["bound_at"], row["points"]) == ("DRAM", "1", "1")


def test_what_failed_is_in_no_mean_and_counted() -> None:
    failed = replace(record(Failed("measure", "x"), "cpp_ext", channels=7), limit=limit())
    found = REPORT.render([limited(), failed])
    assert [row[-1] for row in cells(found, "limits")] == ["1"]
    assert "1 failed" in found[0].caption


def test_what_cannot_be_is_marked() -> None:
    table, _ = REPORT.render([limited(8.0, channels=7), limited(1.04, channels=13)])
    assert table.data.decode().count('class="tag"') == 1


def test_without_limits_there_is_no_table() -> None:
    assert REPORT.render([]) == []
    assert REPORT.render(every_outcome()) == []
