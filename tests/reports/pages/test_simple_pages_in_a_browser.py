"""The pages of a difference and of a profile are sorted, searched and filtered as a run's is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opbench.custom.difference import Difference
from opbench.vocabulary.record import Failed
from reports.pages import difference_page, profile_page

from ..builders import measured, record
from .conftest import Opened
from .test_profile_page import full

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = {"slower": 3e-5, "faster": 5e-6, "much <b>": 1e-6, "same": 1e-5}


def difference() -> str:
    here = [record(measured(time), name) for name, time in HERE.items()]
    there = [record(measured(1e-5), name) for name in HERE]
    gone = record(Failed("check", "x"), "gone")
    return difference_page.render("run", {"other": Difference.of([*here, gone], [*there, record(backend="gone")])})


def cases(page: Page) -> list[str]:
    return page.locator("table.sortable tbody tr:not([hidden]) td:first-child").all_inner_texts()


def test_a_difference_is_sorted_by_its_ratio_and_filtered_by_its_verdict(opened: Opened) -> None:
    page = opened(difference())
    assert cases(page) == ["much <b>", "slower", "faster", "same", "gone"]
    page.get_by_role("button", name="ratio").click()
    assert cases(page) == ["much <b>", "faster", "same", "slower", "gone"]
    page.get_by_role("button", name="ratio").click()
    assert cases(page) == ["slower", "same", "faster", "much <b>", "gone"]
    page.locator("#filters summary", has_text="Verdict").click()
    page.get_by_label("undecided").click()
    page.get_by_label("slower").click()
    assert cases(page) == ["faster", "much <b>", "gone"]
    assert page.locator("#filters output").inner_text() == "3 of 5 rows"
    page.get_by_label("Show only rows with these words").fill("much")
    assert cases(page) == ["much <b>"]
    assert page.locator("td.case b").count() == 0


def test_of_a_long_difference_more_rows_follow_as_the_page_is_scrolled(opened: Opened) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    here, there = ([record(measured(factor * 1e-6), rows=rows) for rows in range(1, 204)] for factor in (1, 2))
    page = opened(difference_page.render("run", {"other": Difference.of(here, there)}))
    rows = page.locator("table.sortable tbody tr")
    assert rows.count() == 200
    rows.last.scroll_into_view_if_needed()
    playwright.expect(rows).to_have_count(203)


def test_without_scripts_a_difference_is_whole(opened: Opened) -> None:
    page = opened(difference(), java_script_enabled=False)
    assert len(cases(page)) == 5
    assert not page.locator("#filters").is_visible()


def test_a_profile_has_its_kernels_sorted(opened: Opened) -> None:
    page = opened(profile_page.render(full()))
    page.get_by_role("button", name="Registers").click()
    assert page.locator("th[aria-sort]").inner_text() == "Registers"
    assert page.locator("#filters output").inner_text() == "1 row"
