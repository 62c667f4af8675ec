"""Progress of a run on standard error: a live bar on a terminal, a line a verdict elsewhere, nothing beside JSON.

Results go to standard output, so that either can be kept without the other.
"""

from __future__ import annotations

import re
import sys
import time
from typing import Self, TextIO

from opbench.cli.plain import plain
from opbench.cli.progress import LiveBar, clock_time
from opbench.gate.decision.verdict import GOOD, Judgement, Verdict
from opbench.gate.output.table import ratio_text, reason_text
from opbench.gate.phases import Phases
from opbench.gate.stats.rule import DEFAULT

STYLES = {Verdict.PASS: "green", Verdict.FASTER: "cyan", Verdict.REGRESSION: "bold red"}
DOUBTFUL = "yellow"
"""The colour of every verdict that is neither a pass nor a regression."""

_FOLDERS = re.compile(r"[^\s:]*/(?=[^\s:]*::)")


class RunProgress:
    """Progress as plain lines on `stream`, one a verdict; silent where it is None. Used as a context.

    phases: where the time goes that it shows.
    """

    def __init__(self, stream: TextIO | None, phases: Phases | None = None) -> None:
        self._stream = stream
        self.phases = phases or Phases()
        self._start_s = time.monotonic()
        self.total = self.done = 0
        self.doing = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def start(self, total: int) -> None:
        """So many benchmarks are to be judged."""
        self.total, self.done = total, 0
        self.note(f"{total} benchmark{'s' * (total != 1)}")

    def step(self, text: str) -> None:
        """What is being done now: shown live, never kept, so that a log has one line a verdict."""
        self.doing = text

    def judged(self, judgement: Judgement) -> None:
        self.done += 1
        self.note(f"[{self.done}/{self.total}, {clock_time(time.monotonic() - self._start_s)}] {_summary(judgement)}")

    def note(self, text: str) -> None:
        """Something to know, which stays."""
        if self._stream is not None:
            print(plain(text, keep="\n"), file=self._stream, flush=True)


class ProgressBar(LiveBar, RunProgress):
    """A live bar: count, time, the last verdict, what is being done. Only what is no pass stays as a line above."""

    def __init__(self) -> None:
        from rich.progress import TextColumn
        from rich.table import Column

        RunProgress.__init__(self, None)
        LiveBar.__init__(self, TextColumn("{task.fields[latest]}", table_column=Column(min_width=12)))

    def start(self, total: int) -> None:
        self.total, self.done = total, 0
        self._progress.update(self._task, total=total, completed=0)

    def step(self, text: str) -> None:
        self._progress.update(self._task, description=plain(_FOLDERS.sub("", text)))

    def judged(self, judgement: Judgement) -> None:
        latest = f"[{STYLES.get(judgement.verdict, DOUBTFUL)}]{judgement.verdict.value}[/]"
        self._progress.update(self._task, advance=1, latest=latest)
        if judgement.verdict not in GOOD:
            self.note(_summary(judgement))


class Counter:
    """Called once for each of `total` things done: a bar on a terminal, a line at every tenth elsewhere, or silent."""

    def __init__(self, total: int, silent: bool, doing: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._total, self._done, self._doing, self._silent = total, 0, doing, silent
        self._bar = Progress(console=console, disable=silent or not console.is_terminal)
        self._task = self._bar.add_task(doing, total=total)
        self._bar.start()

    def __call__(self) -> None:
        self._done += 1
        self._bar.advance(self._task)
        if self._done == self._total:
            self._bar.stop()
        elif self._bar.disable and not self._silent and self._done * 10 % self._total < 10:
            print(f"{self._doing}: {self._done} of {self._total}", file=sys.stderr, flush=True)


def progress_for(in_json: bool) -> RunProgress:
    """A bar on a terminal, lines elsewhere, nothing beside JSON."""
    if in_json:
        return RunProgress(None)
    return ProgressBar() if sys.stderr.isatty() else RunProgress(sys.stderr)


def _summary(judgement: Judgement) -> str:
    ratio = "" if judgement.comparison is None else f" {ratio_text(judgement.comparison, DEFAULT)}"
    return plain(f"{judgement.verdict.value} {judgement.benchmark}{ratio}: {reason_text(judgement, DEFAULT)}")
