"""The page of a running sweep, served as `sweep --serve` serves it and looked at in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from opbench.live.server import Feed, Server
from opbench.live.watch import Watch
from opbench.store import progress
from opbench.store.runs import Run
from opbench.vocabulary.record import Failed
from reports.pages import live_page
from reports.pages.page import PAGE

from ..builders import measured, record

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Sweep:
    """A run that is written and served; `page` looks at it."""

    def __init__(self, folder: Path, closing: ExitStack) -> None:
        self.run = Run(folder)
        self.journal = closing.enter_context(self.run.journal())
        progress.begin(self.run, 3, 0, 60, 0)
        self.feed = Feed(Watch(self.run))
        self.server = Server(0, live_page.render("rows/<b>").encode(), self.feed, lambda _: self.feed.over.wait(0.01))
        self.server.start()
        closing.callback(self.server.end, 5)


@pytest.fixture
def sweep(tmp_path: Path) -> Iterator[Sweep]:
    with ExitStack() as closing:
        yield Sweep(tmp_path, closing)


@pytest.fixture
def page(browser: Browser, sweep: Sweep) -> Iterator[Page]:
    context = browser.new_context()
    found = context.new_page()
    found.set_default_timeout(5000)
    asked: list[str] = []
    errors: list[str] = []
    found.on("request", lambda request: asked.append(request.url))
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    found.goto(sweep.server.address)
    yield found
    address = sweep.server.address
    context.close()
    assert errors == []
    assert {url for url in asked if not url.startswith("blob:")} == {address, f"{address}events"}


def expecting(page: Page, selector: str) -> Any:
    return pytest.importorskip("playwright.sync_api").expect(page.locator(selector))


def test_rows_appear_as_they_are_written_and_the_report_opens_after_the_end(page: Page, sweep: Sweep) -> None:
    expecting(page, "#facts").to_contain_text("0 of 3 cases")
    sweep.journal.append([record(measured(2e-3), "slow"), record(measured(1e-3), "quick")])
    expecting(page, "#latest tbody tr").to_have_count(2)
    expecting(page, "#slowest tbody tr").to_have_text(
        ["rowsum batch=1, channels=16slow2.00 ms2.00×", "rowsum batch=1, channels=16quick1.00 ms1.00×"]
    )
    expecting(page, "#failures").to_be_hidden()
    last = record(Failed("check", "<i>no</i>"), "bad")
    sweep.journal.append([last])
    expecting(page, "#failures tbody tr").to_contain_text("<i>no</i>")
    expecting(page, "#told").to_have_text("All cases are on record; the report is being written.")
    assert page.locator("progress").evaluate("bar => [bar.value, bar.max]") == [3, 3]
    assert page.locator("h1").inner_text() == "rows/<b>"
    report = sweep.run.write("report.html", PAGE([last], []).encode())
    sweep.feed.report = report
    sweep.server.end(5)
    expecting(page, "#told").to_contain_text(f"The report is at {report.resolve()}.")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the report").click()
    shown = opened.value
    assert shown.locator("h1").inner_text() == "rowsum"
    assert shown.locator("#filters").is_visible()  # its own script runs


def test_a_sweep_that_is_gone_is_said_to_be(page: Page, sweep: Sweep) -> None:
    expecting(page, "#facts").to_contain_text("0 of 3 cases")
    sweep.feed.picture = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]  # its connection breaks
    expecting(page, "#told").to_contain_text("no longer answers")


def test_without_scripts_the_page_says_where_else_to_look(browser: Browser, sweep: Sweep) -> None:
    context = browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(sweep.server.address)
    assert "opbench watch" in shown.locator("noscript").inner_text()
    context.close()
