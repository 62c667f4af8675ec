"""Steps of a command that may take long: a live bar on a terminal, lines when piped, both only after two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from opbench.cli.plain import plain
from opbench.cli.progress import LiveBar

AFTER_S = 2.0
"""What is over by then needs no progress; a pipe gets no line sooner than this after the last."""

Step = TypeVar("Step")


class StepBar(LiveBar):
    """Count, elapsed time and the step that is being done."""

    def at(self, done: int, total: int, name: str) -> None:
        self._progress.update(self._task, completed=done, total=total, description=plain(name))


def stepped(
    steps: Sequence[Step], name: Callable[[Step], str], now: Callable[[], float] = time.monotonic
) -> Iterator[Step]:
    """Each step in turn, told on standard error by `name` while it is being done."""
    if sys.stderr.isatty():
        with StepBar(after_s=AFTER_S) as bar:
            for done, step in enumerate(steps):
                bar.at(done, len(steps), name(step))
                yield step
        return
    told = now()
    for done, step in enumerate(steps):
        if now() - told >= AFTER_S:
            told = now()
            print(plain(f"[{done}/{len(steps)}] {name(step)}"), file=sys.stderr, flush=True)
        yield step
