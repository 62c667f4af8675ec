"""The bar in a notebook: drawn when there is news and no oftener than twice a second, gone at the end, notes kept."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any, Self

import pytest

from opbench.cli.notebook_bar import NotebookBar, in_notebook
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Record, Unavailable

POINT = Point("op", Axes({"rows": 3}))
DONE = Record(Case(POINT, "mine"), Unavailable("no compiler"), {}, "r", "t")


class Shown:
    """What stands in a cell's output after each drawing; in the place of IPython's display and its handle."""

    def __init__(self) -> None:
        self.drawn: list[dict[str, str]] = []

    def __call__(self, bundle: dict[str, str], **given: Any) -> Self:
        assert given == {"raw": True, "display_id": True}
        self.drawn.append(bundle)
        return self

    def update(self, bundle: dict[str, str], raw: bool) -> None:
        assert raw
        self.drawn.append(bundle)

    @property
    def html(self) -> str:
        return self.drawn[-1]["text/html"]


def test_it_says_how_many_cases_are_done_what_is_measured_and_how_long_it_took_last() -> None:
    shown, now = Shown(), [0.0]
    with NotebookBar(shown, lambda: now[0]) as bar:
        bar.start(total=7, done=2)
        now[0] = 61.0
        bar.finished(DONE)
        now[0] = 62.0
        bar.step(POINT, "sampling", "<mine>", 2e-5)
        assert '<progress value="3" max="7">' in shown.html
        assert "3/7 · 1:02 · 20 us · sampling &lt;mine&gt; rows=3" in shown.html
        assert "3/7 · 1:02 · 20 us · sampling <mine> rows=3" in shown.drawn[-1]["text/plain"]


def test_news_that_comes_quickly_is_drawn_twice_a_second() -> None:
    shown, now = Shown(), [0.0]
    with NotebookBar(shown, lambda: now[0]) as bar:
        before = len(shown.drawn)
        for step in range(1000):
            now[0] = step / 100
            bar.step(POINT, "sampling", "mine", None)
        assert len(shown.drawn) - before == 20


def test_nothing_is_left_of_it_but_what_there_was_to_say_however_it_ends() -> None:
    shown = Shown()

    def stopped() -> None:
        with NotebookBar(shown, lambda: 0.0) as bar:
            bar.start(total=3, done=0)
            bar.note("waiting for <another>")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert shown.html == "<div><small>waiting for &lt;another&gt;</small></div>"
    with NotebookBar(shown, lambda: 0.0):
        pass
    assert shown.html == ""


@pytest.mark.parametrize(
    ("shell", "is_one"), [(None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=object()), True)]
)
def test_a_notebook_is_ipython_with_a_kernel(shell: Any, is_one: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert in_notebook() == is_one
    monkeypatch.delitem(sys.modules, "IPython")
    assert not in_notebook()
