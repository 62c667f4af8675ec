"""The bar of a run in a notebook: one output of the cell, drawn anew while the run goes on, and gone when it ends.

rich and tqdm draw theirs with ipywidgets, which is not everywhere that notebooks are; this one needs HTML alone, and no
thread beside the measurement: it is drawn when there is news, which a measuring process sends twice a second.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from html import escape
from typing import Any, Self

from opbench.cli.progress import REFRESH_PER_S, Reporter, clock_time, short_time
from opbench.vocabulary.case import Point
from opbench.vocabulary.record import Measured, Record

Bundle = dict[str, str]
"""What is shown, by media type."""


def in_notebook() -> bool:
    """Whether cells of a notebook run here: IPython with a kernel. In a terminal it has none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class NotebookBar(Reporter):
    """Cases done, the case at work, its last latency, and time; below them what there is to say, which stays.

    display: `IPython.display.display`, or what stands in its place. now: seconds.
    """

    def __init__(self, display: Callable[..., Any] | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._display, self._now = display or _ipython_display(), now
        self._began = now()
        self._drawn = float("-inf")
        self._handle: Any = None
        self._total = self._done = 0
        self._doing, self._latest = "starting", ""
        self._notes: list[str] = []

    def __enter__(self) -> Self:
        self._handle = self._display(self._bundle(), raw=True, display_id=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.update(self._only_notes(), raw=True)

    def start(self, total: int, done: int) -> None:
        self._total, self._done = total, done
        self._draw(at_once=True)

    def step(self, point: Point, phase: str, label: str, seconds: float | None) -> None:
        self._doing = f"{phase} {label} {point.axes}"
        self._latest = "" if seconds is None else short_time(seconds)
        self._draw()

    def finished(self, record: Record) -> None:
        self._done += 1
        if isinstance(record.outcome, Measured):
            self._latest = short_time(record.outcome.interval.mid)
        self._draw()

    def note(self, text: str) -> None:
        self._notes.append(text)
        self._draw(at_once=True)

    def _draw(self, at_once: bool = False) -> None:
        now = self._now()
        if self._handle is not None and (at_once or now - self._drawn >= 1 / REFRESH_PER_S):
            self._drawn = now
            self._handle.update(self._bundle(), raw=True)

    def _bundle(self) -> Bundle:
        elapsed = clock_time(self._now() - self._began)
        words = [f"{self._done}/{self._total or '?'}", elapsed, self._latest, self._doing]
        line = " · ".join(filter(None, words))
        bar = f'<progress value="{self._done}" max="{self._total or 1}"></progress>'
        text = f"<small>{escape(line)}</small>"
        notes = self._only_notes()
        return {
            "text/plain": "\n".join(filter(None, [line, notes["text/plain"]])),
            "text/html": f"<div>{bar} {text}</div>{notes['text/html']}",
        }

    def _only_notes(self) -> Bundle:
        return {
            "text/plain": "\n".join(self._notes),
            "text/html": "".join(f"<div><small>{escape(note)}</small></div>" for note in self._notes),
        }


def _ipython_display() -> Callable[..., Any]:
    from IPython.display import display

    found: Callable[..., Any] = display
    return found
