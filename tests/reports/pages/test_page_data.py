"""What a page's scripts read is what its tables show, is small, and ends no script."""

from __future__ import annotations

import json
from dataclasses import replace

from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Failed
from reports.layout.style import style_of
from reports.pages.page_data import embedded, page_data
from reports.pages.results import in_table_order, tables

from ..builders import every_outcome, line, measured, record


def test_record_number_i_is_row_i_of_the_tables() -> None:
    records = in_table_order([*line("a", [1e-6, 2e-6]), *line("a", [3e-6], "other"), *line("b", [4e-6, 5e-6])])
    data = page_data(records)
    rows = [(table.operator, row.backend) for table in tables(records) for _, row in table.rows]
    named = [(data["operators"][data["points"][at][0]], data["backends"][who][0]) for at, who in _places(data)]
    assert named == rows == [("rowsum", "a")] * 2 + [("rowsum", "b")] * 2 + [("other", "a")]
    assert data["mid"] == [1e-6, 2e-6, 4e-6, 5e-6, 3e-6]


def _places(data: dict[str, list[int]]) -> list[tuple[int, int]]:
    return list(zip(data["point"], data["backend"], strict=True))


def test_backends_of_a_point_share_it_and_what_was_not_measured_has_no_numbers() -> None:
    data = page_data(every_outcome())
    assert data["point"] == [0, 0, 0, 0]
    assert data["points"] == [(0, 0, (1, 16))]
    assert data["axes"] == ["batch", "channels"]
    assert data["settings"] == [["float32", "forward", "cpu", "wall"]]
    assert [value is None for value in data["mid"]] == [False, True, True, True]
    assert data["flops"] == [2 * 1000 + 200 + 50]
    assert data["bytes"] == [4096 + 8192]


def test_work_and_limit_that_nobody_knows_are_null() -> None:
    unknown, known = record(Failed("prepare", "x"), macs=None), record(backend="b")
    data = page_data([unknown, replace(known, limit=Limit("L1", 3e-7, 0, 0, 0, 3e-7, 3e-7))])
    assert data["flops"] == [2250]  # of the other record of the same point
    assert data["limit"] == [None, 3e-7]
    assert page_data([unknown])["flops"] == [None]


def test_values_that_are_equal_but_of_different_kinds_are_different_places() -> None:
    data = page_data([record(rows=value) for value in (1, True, 1.0)])
    assert len(data["points"]) == 3
    assert json.loads(str(embedded(data)))["points"][1][2] == [True]


def test_an_axis_that_an_operator_does_not_have_is_null() -> None:
    data = page_data([record(rows=3), record(operator="other", rate=0.5)])
    assert data["axes"] == ["rows", "rate"]
    assert [values for _, _, values in data["points"]] == [(3, None), (None, 0.5)]


def test_the_colours_are_those_of_the_figures() -> None:
    data = page_data([record(backend=label) for label in ("cpp_ext", "cpp_ext:flat", "mine#2")])
    for label, colour, marker, dash in data["backends"]:
        style = style_of(label)
        assert (colour, marker, dash) == (style.colour, style.marker, style.dash)


def test_two_thousand_records_take_under_100_bytes_each() -> None:
    records = [
        replace(
            record(measured(1.23456789e-5 * place), f"backend_{who}", batch=place, channels=16 * place), limit=limit
        )
        for place in range(1, 401)
        for who in range(5)
        for limit in [Limit("L2", 1.23456e-6 * place, 0, 0, 0, 1e-6, 1e-6)]
    ]
    assert len(embedded(page_data(records))) < 100 * len(records)


def test_what_is_embedded_ends_no_script_and_is_ascii() -> None:
    hostile = "</script><!--\u2028\u2029'\"&"
    text = str(embedded(page_data([record(backend=hostile, operator=hostile)])))
    assert text.isascii()
    assert not set("<>&'") & set(text)
    assert json.loads(text)["operators"] == [hostile]


def test_a_number_that_json_does_not_have_is_text() -> None:
    data = page_data([record(rate=float("inf"))])
    assert json.loads(str(embedded(data)))["points"] == [[0, 0, ["inf"]]]
