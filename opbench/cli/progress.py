"""What a person sees while a run goes on: a live bar on a terminal, plain lines when piped, nothing when silent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self, TextIO

from opbench.cli.plain import plain
from opbench.vocabulary.case import Point
from opbench.vocabulary.interval import median_interval
from opbench.vocabulary.record import Contended, Failed, Measured, Mismatch, Outcome, Record, Unavailable

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

REFRESH_PER_S = 2
"""Redraws a second. The bar is drawn by a thread beside the measurement: 2 cost under 1 % of a core."""


class Reporter:
    """Told how a run goes on, and silent about it: for `--json`, for tests, and for what the others leave out."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def start(self, total: int, done: int) -> None:
        """`total` cases to do, `done` of them already on record."""

    def step(self, point: Point, phase: str, label: str, seconds: float | None) -> None:
        """The case at work, and its latest latency in seconds per call when there is one."""

    def finished(self, record: Record) -> None:
        """A case is on record."""

    def note(self, text: str) -> None:
        """Something to know besides the cases."""


class Notes(Reporter):
    """Only what there is to say besides the cases."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def note(self, text: str) -> None:
        print(plain(text, keep="\n"), file=self._stream, flush=True)


class Lines(Notes):
    """One plain line per finished case. What is left is reckoned from when the first case began: compiling ahead took
    its time once.
    """

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._now = now
        self._total = self._done = self._done_before = 0
        self._started = now()
        self._first_case: float | None = None

    def start(self, total: int, done: int) -> None:
        self._total, self._done, self._done_before = total, done, done
        self.note(f"{total} case{'s' * (total != 1)}" + (f", {done} already on record" if done else ""))

    def step(self, point: Point, phase: str, label: str, seconds: float | None) -> None:
        if self._first_case is None:
            self._first_case = self._now()

    def finished(self, record: Record) -> None:
        self._done += 1
        now = self._now()
        elapsed = now - self._started
        since = self._started if self._first_case is None else self._first_case
        rate = (now - since) / max(1, self._done - self._done_before)
        left = rate * (self._total - self._done)
        self.note(
            f"[{self._done}/{self._total}, {clock_time(elapsed)} elapsed, {clock_time(left)} left] {told(record)}"
        )


class LiveBar:
    """The live bar of any run on standard error: count, elapsed time, `columns`, and what is being done, which alone
    gives way on a narrow terminal. `latest` is the task's field for the last result.

    after_s: seconds before anything of it is seen.
    """

    def __init__(self, *columns: ProgressColumn, after_s: float = 0.0) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        from opbench.cli.late_progress import LateProgress

        self._progress = LateProgress(
            MofNCompleteColumn(table_column=Column(min_width=7)),
            BarColumn(bar_width=12, table_column=Column(min_width=12)),
            TimeElapsedColumn(table_column=Column(min_width=7)),
            *columns,
            TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
            console=Console(stderr=True),
            refresh_per_second=REFRESH_PER_S,
            expand=True,
            after_s=after_s,
        )
        self._task = self._progress.add_task("starting", total=None, latest="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def note(self, text: str) -> None:
        """A line above the bar, which stays."""
        self._progress.console.print(plain(text, keep="\n"), markup=False, highlight=False)


class Bar(LiveBar, Reporter):
    """A live bar: count, elapsed, remaining, the last latency, case and phase."""

    def __init__(self, after_s: float = 0.0) -> None:
        from rich.progress import TextColumn, TimeRemainingColumn
        from rich.table import Column

        super().__init__(
            TextColumn("left", table_column=Column(min_width=4)),
            TimeRemainingColumn(table_column=Column(min_width=7)),
            TextColumn("{task.fields[latest]}", style="cyan", table_column=Column(min_width=7)),
            after_s=after_s,
        )

    def start(self, total: int, done: int) -> None:
        self._progress.update(self._task, total=total, completed=done)

    def step(self, point: Point, phase: str, label: str, seconds: float | None) -> None:
        latest = "" if seconds is None else short_time(seconds)
        self._progress.update(self._task, description=plain(f"{phase} {label} {_short(point)}"), latest=latest)

    def finished(self, record: Record) -> None:
        self._progress.advance(self._task)
        if not isinstance(record.outcome, Measured):
            self.note(told(record))
        else:
            self._progress.update(self._task, latest=short_time(median_interval(record.outcome.samples_s).mid))


def _short(point: Point) -> str:
    """Operator and axes for a narrow line; an axis of 0 or 1 goes without saying."""
    axes = " ".join(f"{name}={value}" for name, value in point.axes.items() if value > 1)
    return f"{point.operator} {axes}"


def reporter(silent: bool, elsewhere: Callable[[TextIO], Reporter] = Lines) -> Reporter:
    """A bar on a terminal, else `elsewhere`. Both speak on standard error, results on standard output."""
    if silent:
        return Reporter()
    return Bar() if sys.stderr.isatty() else elsewhere(sys.stderr)


def told(record: Record) -> str:
    """A case and its outcome on one line, whatever its names and reasons hold."""
    return plain(f"{record.case.point} {record.case.label}: {in_words(record.outcome)}")


def in_words(outcome: Outcome) -> str:
    """An outcome in a few words."""
    if isinstance(outcome, Measured):
        found = median_interval(outcome.samples_s)
        half = 100 * found.relative_width / 2
        said = f"{short_time(found.mid)} +-{half:.1f} % ({len(outcome.samples_s)} samples, {outcome.stopped})"
        return f"{said} CONTENDED: {outcome.contention}" if outcome.contention else said
    if isinstance(outcome, Mismatch):
        return f"MISMATCH: {outcome.check.misses} of {outcome.check.elements} elements; {outcome.check.detail}"
    if isinstance(outcome, Failed):
        return f"FAILED in {outcome.phase}: {outcome.reason}"
    if isinstance(outcome, Contended):
        return f"CONTENDED: {outcome.reason}"
    assert isinstance(outcome, Unavailable)
    return f"unavailable: {outcome.reason}"


def short_time(seconds: float) -> str:
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def clock_time(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
