"""The tables of sectors on the page are those of the CSVs."""

from __future__ import annotations

from benchmarks.ptx import sector_tables


def test_the_page_shows_what_the_csvs_hold() -> None:
    page = sector_tables.PAGE.read_text(encoding="utf-8")
    assert sector_tables.with_tables(page) == page, "run python -m benchmarks.ptx.sector_tables"


def test_a_cell_is_written_over_read_at_its_shape() -> None:
    row = {"backend": "b", "schedule": "s", "dtype": "d", "shape": "1x3x5x7", "written": "1.25", "read": "3.0"}
    assert sector_tables.table([row], "schedule", ["1x3x5x7"]).splitlines()[-1] == "| b | s | d | 1.25 / 3.00 |"
