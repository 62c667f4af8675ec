"""`opbench watch`: runs looked at while other processes write them, until they are over."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

from opbench import catalog
from opbench.live.follow import JsonLines, Lines, pictures
from opbench.live.picture import FINISHED, Picture
from opbench.live.watch import Watch
from opbench.store import runs
from opbench.store.runs import Run


def run(names: tuple[str, ...], results: Path, once: bool, as_json: bool) -> int:
    """Exit code 1 where a run ended before it was finished, or something of it is wrong or failed."""
    watches = [Watch(one) for one in dict.fromkeys(chosen(names, results))]
    looks = pictures(watches, time.time, time.sleep)
    seen = islice(looks, 1) if once else looks
    if as_json:
        last = _through(seen, JsonLines(sys.stdout))
    elif sys.stdout.isatty() and not once:
        last = _on_screen(seen)
    else:
        last = _through(seen, (lambda _: None) if once else Lines(sys.stdout))
    if not as_json:
        _summarise(last)
    return int(any(one.wrong or (one.progress.over and one.progress.state != FINISHED) for one in last))


def chosen(names: Sequence[str], results: Path) -> list[Run]:
    """The named runs, as every command takes them; the newest of all sweeps where none is named. Raises UsageError."""
    return [runs.find_run(results, name) for name in names] or [runs.newest_run(results)]


def _through(seen: Iterable[list[Picture]], show: Callable[[Sequence[Picture]], None]) -> list[Picture]:
    """Show each; the last one."""
    last: list[Picture] = []
    for last in seen:
        show(last)
    return last


def _on_screen(seen: Iterable[list[Picture]]) -> list[Picture]:
    """On a screen that is drawn anew at every look, and is gone at the end."""
    from rich.live import Live

    view = catalog.shown_by("terminal.live_view.live_view")
    with Live(auto_refresh=False, transient=True, vertical_overflow="crop") as screen:
        return _through(seen, lambda found: screen.update(view(found), refresh=True))


def _summarise(last: Sequence[Picture]) -> None:
    from rich.console import Console

    console = Console()
    wide = console if console.is_terminal else Console(width=140)
    wide.print(catalog.shown_by("terminal.live_view.summary")(last))
