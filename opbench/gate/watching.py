"""Progress of a run on standard error: a live bar on a terminal, a line a verdict elsewhere, nothing beside JSON.

Results go to standard output, so that either can be kept without the other.
"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

from opbench.gate.rule import DEFAULT
from opbench.gate.summary import ratio, reason
from opbench.gate.verdict import GOOD, Verdict
from opbench.plain import plain
from opbench.progress import REFRESH_PER_S, clock_time

if TYPE_CHECKING:
    from types import TracebackType

    from opbench.gate.verdict import Judgement

STYLES = {Verdict.PASS: "green", Verdict.FASTER: "cyan", Verdict.REGRESSION: "bold red"}
DOUBTFUL = "yellow"
"""The colour of every verdict that is neither a pass nor a regression."""

_FOLDERS = re.compile(r"[^\s:]*/(?=[^\s:]*::)")


class Watching:
    """Progress as plain lines on `stream`, one a verdict; silent where it is None. Used as a context."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._began = time.monotonic()
        self.total = self.done = 0
        self.doing = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def start(self, total: int) -> None:
        """So many benchmarks are to be judged."""
        self.total, self.done = total, 0
        self.note(f"{total} benchmark{'s' * (total != 1)}")

    def step(self, text: str) -> None:
        """What is being done now: shown live, never kept, so that a log has one line a verdict."""
        self.doing = text

    def judged(self, one: Judgement) -> None:
        self.done += 1
        self.note(f"[{self.done}/{self.total}, {clock_time(time.monotonic() - self._began)}] {_in_words(one)}")

    def note(self, text: str) -> None:
        """Something to know, which stays."""
        if self._stream is not None:
            print(plain(text, keep="\n"), file=self._stream, flush=True)


class Bar(Watching):
    """A live bar: count, time, the last verdict, what is being done. Only what is no pass stays as a line above."""

    def __init__(self) -> None:
        super().__init__(None)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.table import Column

        # Only what is being done gives way on a narrow terminal.
        doing = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True))
        self._progress = Progress(
            MofNCompleteColumn(table_column=Column(min_width=7)),
            BarColumn(bar_width=12, table_column=Column(min_width=12)),
            TimeElapsedColumn(table_column=Column(min_width=7)),
            TextColumn("{task.fields[latest]}", table_column=Column(min_width=12)),
            doing,
            console=Console(stderr=True),
            refresh_per_second=REFRESH_PER_S,
            expand=True,
        )
        self._task = self._progress.add_task("starting", total=None, latest="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def start(self, total: int) -> None:
        self.total, self.done = total, 0
        self._progress.update(self._task, total=total, completed=0)

    def step(self, text: str) -> None:
        self._progress.update(self._task, description=plain(_FOLDERS.sub("", text)))

    def judged(self, one: Judgement) -> None:
        latest = f"[{STYLES.get(one.verdict, DOUBTFUL)}]{one.verdict.value}[/]"
        self._progress.update(self._task, advance=1, latest=latest)
        if one.verdict not in GOOD:
            self.note(_in_words(one))

    def note(self, text: str) -> None:
        self._progress.console.print(plain(text, keep="\n"), markup=False, highlight=False)


def watching(in_json: bool) -> Watching:
    """A bar on a terminal, lines elsewhere, nothing beside JSON."""
    if in_json:
        return Watching(None)
    return Bar() if sys.stderr.isatty() else Watching(sys.stderr)


def _in_words(one: Judgement) -> str:
    found = "" if one.found is None else f" {ratio(one.found, DEFAULT)}"
    return plain(f"{one.verdict.value} {one.benchmark}{found}: {reason(one, DEFAULT)}")
