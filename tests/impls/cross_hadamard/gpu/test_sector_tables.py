"""The tables of sectors on the page are those of the CSVs."""

from __future__ import annotations

from benchmarks.ptx import sector_tables


def test_the_page_shows_what_the_csvs_hold() -> None:
    page = sector_tables.PAGE.read_text(encoding="utf-8")
    assert sector_tables.with_tables(page) == page, "run python -m benchmarks.ptx.sector_tables"


def test_a_cell_is_written_over_read_at_its_shape() -> None:
    row = {"backend": "b", "schedule": "s", "dtype": "d", "shape": "1x3x5x7", "written": "1.25", "read": "3.0"}
    assert sector_tables.table([row], "schedule", ["1x3x5x7"]).splitlines()[-1] == "| b | s | d | 1.25 / 3.00 |"


def test_a_summary_has_the_median_and_the_worst_of_each_dtype_with_its_place() -> None:
    fixed = {"backend": "b", "schedule": "s", "batch": "1", "channels": "3", "edge": "5"}
    float32 = [("1.0", "2.0", "0"), ("1.5", "4.0", "2"), ("1.25", "3.0", "0")]
    rows = [fixed | {"dtype": "f", "written": one, "read": two, "selected": three} for one, two, three in float32]
    rows.append(fixed | {"dtype": "g", "written": "1.0", "read": "7.0", "selected": "0"})
    lines = sector_tables.summary(rows).splitlines()
    assert lines[0] == "| backend | schedule | f written | f read | g written | g read |"
    assert lines[-1] == "| b | s | 1.25; 1.50 at 1x3x5x5 (2) | 3.00; 4.00 at 1x3x5x5 (2) | 1.00; 1.00 | 7.00; 7.00 |"
