"""A run too large for a page is told whole: counts are of all its records; what is named is said to be the first."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from opbench.vocabulary.record import Failed, Mismatch, Record, Unavailable
from reports.data.totals import FIRST, MOST_ROWS, Totals
from reports.layout.scripts import script
from reports.pages.page import PAGE, SCRIPTS
from reports.tables.table import REPORT as TABLE
from reports.terminal.results_table import totals_table

from ..builders import every_outcome, measured, record


def totals_of(records: Sequence[Record]) -> Totals:
    totals = Totals()
    for one in records:
        totals.add(one)
    return totals


def many(count: int, backend: str = "one") -> list[Record]:
    return [record(measured((1 + at) * 1e-6), backend=backend, channels=at + 1) for at in range(count)]


def page(records: list[Record], shown: list[Record] | None = None) -> str:
    return PAGE(shown or [], TABLE.render(records), totals_of(records))


def test_every_outcome_of_a_backend_is_counted() -> None:
    found = totals_of([*many(3), *every_outcome(), *many(2, "two")])
    assert found.records == 9
    assert found.outcomes == {"measured": 6, "unavailable": 1, "failed": 1, "mismatch": 1}
    assert found.measured == 6
    rows = {label: (tally.cases, tally.measured, tally.others) for _, _, label, tally in found.rows}
    assert rows["two"] == (2, 2, "")
    assert sum(cases for cases, _, _ in rows.values()) == 9


def test_medians_are_from_the_quickest_to_the_slowest() -> None:
    ((_, _, _, tally),) = totals_of(many(7)).rows
    assert tally.medians == "1.00 to 7.00 µs"
    ((_, _, _, none),) = totals_of([record(Unavailable("no device"))]).rows
    assert none.medians == ""


def test_a_page_says_how_many_are_not_shown_and_where_they_are() -> None:
    shown = [record(operator="small", channels=at) for at in (1, 3)]
    text = page([*many(501), *shown], shown)
    assert "501 of 503 cases are not shown one by one" in text
    for link in ('<a href="table.csv">', '<a href="table.parquet">', "<code>records.jsonl</code>"):
        assert link in text
    assert "503 of 503 cases" in text
    assert "<strong>small</strong> 2 of 2 cases measured" in text
    assert len(text) < 60_000 + len(script(SCRIPTS))


def test_a_page_that_shows_all_says_nothing_of_totals() -> None:
    records = many(3)
    assert "not shown one by one" not in PAGE(records, TABLE.render(records), None)


def test_the_same_reason_ten_thousand_times_is_told_once() -> None:
    text = page([record(Failed("prepare", "boom"), channels=at) for at in range(10_000)])
    assert "10000 of 10000 cases have no latency" in text
    assert f"and {10_000 - FIRST} more" in text
    assert text.count("boom") == 1
    assert len(text) < 60_000 + len(script(SCRIPTS))


def test_reasons_that_all_differ_are_told_up_to_a_number() -> None:
    text = page([record(Unavailable(f"reason {at} of many"), channels=at) for at in range(500)])
    assert text.count(" of many") == FIRST
    assert f"{500 - FIRST} more cases have other reasons" in text


def test_more_backends_than_a_summary_has_rows_are_counted() -> None:
    found = totals_of([record(backend=f"b{at}") for at in range(MOST_ROWS + 7)])
    assert len(found.rows) == MOST_ROWS
    assert found.more_rows == 7
    assert "7 more rows are not shown" in page([record(backend=f"b{at}") for at in range(MOST_ROWS + 7)])


def test_the_page_is_of_the_whole_time_and_of_every_environment() -> None:
    records = [
        replace(one, started=f"2026-01-{day:02d}T10:00:00+00:00", environment={"device_name": f"machine {day % 3}"})
        for one, day in zip(many(9), (5, 3, 9, 4, 7, 8, 6, 2, 5), strict=True)
    ]
    text = page(records)
    assert "2026-01-02 10:00 UTC to 2026-01-09 10:00 UTC" in text
    assert all(f"machine {number}" in text for number in range(3))


def test_a_wrong_result_among_many_is_on_the_page() -> None:
    wrong = next(one for one in every_outcome() if isinstance(one.outcome, Mismatch))
    text = page([*many(300), wrong, *many(300, "two")])
    assert "1 of 601 cases has no latency" in text
    assert ">mismatch<" in text


def test_the_terminal_has_a_row_for_every_backend() -> None:
    console = Console(width=140, file=io.StringIO(), force_terminal=False)
    console.print(totals_table(totals_of([*many(30), *many(20, "two\x1b[2J")])))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if "float32" in line]) == 2
    assert "30" in text
    assert "20" in text


def test_nothing_is_no_totals() -> None:
    assert Totals().records == 0
    assert Totals().rows == []
