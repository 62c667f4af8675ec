"""Runs followed until nothing more comes of any of them, and what is printed where no screen can be drawn anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from opbench.cli.plain import plain
from opbench.cli.progress import clock_time
from opbench.live.picture import FINISHED, Picture, Row
from opbench.live.watch import Watch

POLL_S = 1.0
"""Between two looks. One costs 0.3 ms of a processor where nothing has come, 0.9 with a new record (`python -m
benchmarks.harness.followed`, EPYC 9004)."""


def pictures(
    watches: Sequence[Watch], now: Callable[[], float], wait: Callable[[float], object]
) -> Iterator[list[Picture]]:
    """Of all runs together, every POLL_S until each is over; the last one shows them so. Raises as `Watch.look`."""
    while True:
        seen = [watch.look(now()) for watch in watches]
        yield seen
        if all(one.progress.over for one in seen):
            return
        wait(POLL_S)


def headline(picture: Picture) -> str:
    """How far one run is, on one line."""
    progress = picture.progress
    of = f"/{progress.total}" if progress.total is not None else ""
    parts = [f"{progress.done}{of} cases", progress.state]
    if progress.elapsed_s is not None:
        parts.append(f"{clock_time(progress.elapsed_s)} elapsed")
    if progress.left_s is not None:
        parts.append(f"{clock_time(progress.left_s)} left")
    if not progress.over and progress.since_s is not None:
        parts.append(f"last row {clock_time(progress.since_s)} ago")
    return ", ".join([*parts, *told_counts(picture)])


def told_counts(picture: Picture) -> list[str]:
    """What there is to look at, in words; nothing where all is well."""
    counted = {"wrong or failed": picture.wrong, "marked as contended": picture.marked}
    return [f"{count} {words}" for words, count in counted.items() if count]


def advice(picture: Picture) -> str:
    """What to do about a run that is over: where its report is, or how it goes on; "" while it goes on."""
    if not picture.progress.over:
        return ""
    if picture.progress.state != FINISHED:
        return "nobody writes it any more: `opbench sweep NAME --resume` goes on with a sweep's newest run"
    return f"report: {picture.report.resolve()}" if picture.report else "the report is not written yet"


@dataclass
class Lines:
    """A line for each row as it comes, with the run's name where there are several; then how each stands."""

    stream: TextIO
    _shown: dict[str, int] = field(default_factory=dict)

    def __call__(self, seen: Sequence[Picture]) -> None:
        for picture in seen:
            self._rows(picture, f"{picture.progress.name}: " if len(seen) > 1 else "")
        self.stream.flush()

    def _rows(self, picture: Picture, prefix: str) -> None:
        progress = picture.progress
        if progress.name not in self._shown:
            if not progress.over:  # else the summary says it
                self._say(f"{progress.name}: {headline(picture)}")
            self._shown[progress.name] = picture.rows
            return
        new = picture.rows - self._shown[progress.name]
        self._shown[progress.name] = picture.rows
        shown = list(reversed(picture.latest[: max(0, new)]))
        if new > len(shown):
            self._say(f"{prefix}{new - len(shown)} more rows")
        left = "" if progress.left_s is None else f", {clock_time(progress.left_s)} left"
        for at, row in enumerate(shown, progress.done - len(shown) + 1):
            self._say(f"{prefix}[{at}/{progress.total}{left}] {told(row)}")

    def _say(self, text: str) -> None:
        print(plain(text), file=self.stream)


@dataclass
class JsonLines:
    """A line of JSON for each change of a run."""

    stream: TextIO
    _shown: dict[str, str] = field(default_factory=dict)

    def __call__(self, seen: Sequence[Picture]) -> None:
        for picture in seen:
            progress = picture.progress
            if self._shown.get(progress.name) != progress.version:
                self._shown[progress.name] = progress.version
                print(json.dumps(picture.to_json()), file=self.stream, flush=True)


def told(row: Row) -> str:
    """A row on one line."""
    return f"{row.case} {row.record.case.label}: {row.words}"
