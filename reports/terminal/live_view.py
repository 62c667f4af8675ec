"""Runs while they are written, as a screen that is drawn anew: how far they are, the last rows, what to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from opbench.cli.plain import plain
from opbench.live.follow import advice, headline
from opbench.live.picture import Picture, Row, Slow
from reports.data import units

LATEST, SLOWEST, FAILURES = 8, 5, 5
"""Rows of each, of one run; of several runs fewer, so that all of it fits a screen."""


def live_view(pictures: Sequence[Picture]) -> RenderableType:
    """Show each run under its name."""
    share = max(1, len(pictures))
    return Group(*(part for picture in pictures for part in (*_parts(picture, share), Text(""))))


def summary(pictures: Sequence[Picture]) -> RenderableType:
    """Show what is left to say of runs that are over."""
    return Group(*(part for picture in pictures for part in (*_head(picture), *_notable(picture, 1), *_end(picture))))


def _parts(picture: Picture, share: int) -> Iterable[RenderableType]:
    yield from _head(picture)
    latest = picture.latest[: max(1, LATEST // share)]
    yield from _table("latest", [(row, ()) for row in reversed(latest)], ())
    yield from _notable(picture, share)


def _head(picture: Picture) -> Iterable[RenderableType]:
    progress = picture.progress
    yield Text(plain(progress.name), style="bold")
    yield Text(plain(headline(picture)))
    if progress.total:
        yield ProgressBar(total=progress.total, completed=progress.done, width=60)


def _notable(picture: Picture, share: int) -> Iterable[RenderableType]:
    slowest = picture.slowest[: max(1, SLOWEST // share)]
    failures = [*picture.failures, *picture.contended][: max(1, FAILURES // share)]
    yield from _table("slowest", [(slow.row, _times(slow)) for slow in slowest], ("median", "of the quickest"))
    more = picture.wrong + picture.counts.get("contended", 0) - len(failures)
    title = f"failed, wrong or contended{f', and {more} more' if more > 0 else ''}"
    yield from _table(title, [(row, ()) for row in failures], ())


def _times(slow: Slow) -> tuple[str, str]:
    return units.seconds(slow.median_s), units.factor(slow.times)


def _table(title: str, rows: Sequence[tuple[Row, tuple[str, ...]]], columns: Sequence[str]) -> Iterable[RenderableType]:
    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0), expand=True)
    table.add_column(title, overflow="fold", ratio=3)
    table.add_column("backend", overflow="ellipsis", no_wrap=True, min_width=8, max_width=24)
    for name in columns or ("",):
        table.add_column(name, overflow="ellipsis", no_wrap=True, ratio=None if columns else 4)
    for row, cells in rows:
        words = cells or (row.words,)
        style = "red" if row.wrong else "yellow" if row.marked else ""
        label = plain(row.record.case.label)
        table.add_row(*(Text(plain(one), style=style) for one in (row.case, label, *words)))
    yield Text("")
    yield table


def _end(picture: Picture) -> Iterable[RenderableType]:
    if text := advice(picture):
        yield Text("")
        yield Text(plain(text))
