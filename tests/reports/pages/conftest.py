"""Pages opened in a browser from files, as a reader opens them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

Opened: TypeAlias = "Callable[..., Page]"
"""From a page's text to the page in a browser; further arguments are those of a browser's context."""


@pytest.fixture
def errors() -> list[str]:
    """What the opened pages wrote; a test that provokes an error takes it out."""
    return []


USUAL: dict[str, Any] = {"viewport": {"width": 1100, "height": 800}}


@pytest.fixture(scope="package")
def usual(browser: Browser) -> Iterator[Page]:
    """One page for the first that each test opens: another document in it takes 0.3 s of a processor, a context of its
    own 0.9.
    """
    context = browser.new_context(**USUAL)
    yield context.new_page()
    context.close()


@pytest.fixture
def opened(browser: Browser, usual: Page, errors: list[str], tmp_path: Path) -> Iterator[Opened]:
    """Opens pages. The test fails where one of them asked for anything or wrote an error, its policy's included."""
    asked: list[str] = []
    contexts: list[BrowserContext] = []
    files: list[Path] = []
    listening = {
        "request": lambda request: asked.append(request.url),
        "pageerror": lambda error: errors.append(str(error)),
        "console": lambda message: errors.append(message.text) if message.type == "error" else None,
    }

    def another(settings: dict[str, Any]) -> Page:
        contexts.append(context := browser.new_context(**{**USUAL, **settings}))
        return context.new_page()

    def open_page(text: str, **settings: Any) -> Page:
        page = another(settings) if settings or files else usual
        files.append(file := tmp_path / f"{len(files)}.html")
        file.write_text(text, encoding="utf-8")
        page.set_default_timeout(5000)
        for event, listener in listening.items():
            page.on(event, listener)  # type: ignore[call-overload]  # one overload for each event's name
        page.goto(file.as_uri())
        assert asked.pop() == file.as_uri()
        return page

    yield open_page
    for context in contexts:
        context.close()
    if usual.url != "about:blank":
        for event, listener in listening.items():
            usual.remove_listener(event, listener)
        usual.evaluate("localStorage.clear()")  # what a reader chose is kept from page to page
        usual.goto("about:blank")
    assert asked == []
    assert errors == []
