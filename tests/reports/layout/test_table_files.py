"""A table says the same to a reader and to a machine, and trusts no text."""

from __future__ import annotations

import pytest

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Failed
from reports.layout.table_files import TableCell, TableColumn, TableRow, milliseconds_cell, table_files
from reports.pages.page import PAGE
from reports.tables import models_table

from ..model_builders import cells, html, model, values

COLUMNS = (TableColumn("name", kind=""), TableColumn("a", group="both"), TableColumn("b", group="both"))


def test_text_from_anywhere_is_escaped() -> None:
    columns = [TableColumn("<i>head", "<i>under", "<i>group")]
    text = html(table_files("t", "T", "C", columns, [TableRow([TableCell("<b>boom</b> & more", ("<u>",))])]), "t")
    assert "&lt;b&gt;boom&lt;/b&gt; &amp; more" in text
    assert "&lt;i&gt;head" in text
    for tag in ("<b>", "<i>", "<u>"):
        assert tag not in text


def test_values_are_unscaled_and_a_row_without_one_leaves_it_empty() -> None:
    time = milliseconds_cell(Interval(0.0011, 0.0012, 0.0014), "median_s")
    found = table_files(
        "t",
        "T",
        "C",
        COLUMNS,
        [TableRow([TableCell("x"), time, TableCell()]), TableRow([TableCell("y"), TableCell("–"), TableCell()])],
    )
    assert values(found, "t") == [
        {"median_s": "0.0012", "median_s_low": "0.0011", "median_s_high": "0.0014"},
        {"median_s": "", "median_s_low": "", "median_s_high": ""},
    ]
    assert cells(found, "t")[0] == ["x", "1.20|1.10 to 1.40", ""]


def test_columns_of_a_group_stand_below_one_head() -> None:
    text = html(table_files("t", "T", "C", COLUMNS, [TableRow([TableCell(), TableCell(), TableCell()])]), "t")
    assert '<th colspan="1"></th><th colspan="2" class="group">both</th>' in text


def test_a_cell_over_several_columns_counts_as_those() -> None:
    table_files("t", "T", "C", COLUMNS, [TableRow([TableCell("x"), TableCell("words", span=2)])])
    with pytest.raises(ValueError, match="a row of 2 columns in a table of 3"):
        table_files("t", "T", "C", COLUMNS, [TableRow([TableCell("x"), TableCell("y")])])


def test_the_page_shows_a_table_in_the_order_of_the_reports_with_title_and_caption() -> None:
    records = [model(), model(backend="<b>", outcome=Failed("prepare", "x"))]
    text = PAGE(records, models_table.REPORT.render(records))
    assert (
        text.index("Table 7: image classifiers") < text.index('<table class="exhibit">') < text.index("none of it was")
    )
    assert "<b>" not in text


def test_the_page_lists_the_table_for_machines_and_not_the_fragment() -> None:
    records = [model()]
    text = PAGE(records, models_table.REPORT.render(records))
    assert "<code>tables/table7_cpu_2_threads.csv</code>" in text
    assert "<code>tables/table7_cpu_2_threads.html</code>" not in text
