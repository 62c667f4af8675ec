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


@pytest.fixture
def opened(browser: Browser, errors: list[str], tmp_path: Path) -> Iterator[Opened]:
    """Opens pages. The test fails where one of them asked for anything or wrote an error, its policy's included."""
    asked: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(text: str, **settings: Any) -> Page:
        file = tmp_path / f"{len(contexts)}.html"
        file.write_text(text, encoding="utf-8")
        contexts.append(context := browser.new_context(**{"viewport": {"width": 1100, "height": 800}, **settings}))
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(file.as_uri())
        assert asked.pop() == file.as_uri()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert asked == []
    assert errors == []
