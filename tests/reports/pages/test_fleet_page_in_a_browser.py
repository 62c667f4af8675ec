"""A fleet in one page: kinds of devices as a column that filters, a map for each, one predicted from another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opbench.vocabulary.record import Record
from reports.figures import predicted_latency, winners
from reports.pages.page import PAGE
from reports.tables import predicted_devices
from tests.fleet import CPU, FLEET, H200, case, told_apart

from .conftest import Opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

BEYOND = {"torch_eager": 60.0, "torch_compile": 20.0}

OUTSIDE = """() => [...document.querySelectorAll("figure svg")].flatMap(svg => {
    const frame = svg.getBoundingClientRect()
    return [...svg.querySelectorAll("g[id*=text_]")].map(text => [text.id, text.getBoundingClientRect()]).filter(
        ([_, box]) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
    ).map(([name]) => name)
})"""
"""The texts of figures that reach over their figure's edge."""


@pytest.fixture(scope="module")
def text() -> str:
    records: list[Record] = told_apart(
        case(on, backend, beyond, channels=channels, edge=edge)
        for on in FLEET
        for backend, beyond in BEYOND.items()
        for channels in (7, 32, 128)
        for edge in (7, 13, 29)
    )
    reports = (winners.REPORT, predicted_latency.REPORT, predicted_devices.REPORT)
    return PAGE(records, [made for report in reports for made in report.render(records)])


@pytest.fixture
def page(opened: Opened, text: str) -> Page:
    return opened(text)


def headings(page: Page) -> list[str]:
    return page.locator("main h2").all_inner_texts()


def test_the_kind_of_device_is_a_column_that_filters(page: Page) -> None:
    shown = page.locator("table.results tbody tr:visible")
    count = page.locator("#filters output")
    assert count.inner_text() == "54 rows"
    page.locator("#filters summary", has_text="device").click()
    menu = page.locator("#filters details[open]")
    for other in (CPU, FLEET[1]):
        menu.get_by_label(other.name, exact=True).click()
    assert count.inner_text() == "18 of 54 rows"
    assert all(H200.name in row for row in shown.all_inner_texts())
    assert shown.count() == 18


def test_each_kind_has_its_map_and_every_two_their_predictions(page: Page) -> None:
    maps = [title for title in headings(page) if title.startswith("Who is fastest where")]
    assert len(maps) == len(FLEET)
    assert all(any(one.name in title for title in maps) for one in FLEET)
    assert headings(page).count("One device predicted from another") == 2
    predicted = page.locator("table", has_text="Right choice").locator("tbody tr")
    assert predicted.count() == 6 * (1 + len(BEYOND))
    assert "9 of 9" in predicted.nth(0).inner_text()
    assert "1.00×" in predicted.nth(0).inner_text()


def test_the_environment_has_a_column_for_each_kind_and_says_once_what_all_share(page: Page) -> None:
    table = page.locator("table.environment")
    assert table.locator("thead th").all_inner_texts()[1:] == [one.name for one in FLEET]
    rows = {row.locator("th").inner_text(): row.locator("td") for row in table.locator("tbody tr").all()}
    assert rows["device_name"].all_inner_texts() == [one.environment["device_name"] for one in FLEET]
    assert rows["versions.torch"].all_inner_texts() == ["2.13.0"]
    assert rows["versions.torch"].get_attribute("colspan") == str(len(FLEET))


def test_no_text_of_a_figure_reaches_over_its_edge_wide_or_narrow(page: Page, opened: Opened, text: str) -> None:
    assert page.locator("figure .drawing").count() == len(FLEET) + 1
    assert page.evaluate(OUTSIDE) == []
    narrow = opened(text, viewport={"width": 390, "height": 800})
    assert narrow.evaluate(OUTSIDE) == []
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
