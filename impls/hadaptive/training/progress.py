"""What a person sees while a network trains: a line for each epoch and, on a terminal, a live bar below."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Protocol, Self

from opbench.cli.progress import REFRESH_PER_S


class Progress(Protocol):
    def step(self, epoch: int, done: int, steps: int, /) -> None:
        """`done` of the `steps` of this epoch."""
        ...

    def finished(self, epoch: int, loss: float, accuracy: float, seconds: float, /) -> None: ...


class Silent:
    """For tests and for callers that show their own."""

    def step(self, *_: int) -> None:
        return None

    def finished(self, *_: float) -> None:
        return None


class Shown:
    """On standard error; results go to standard output.

    epochs: in all.
    done: of them finished before.
    what: such as "digits, seed 0", before every line.
    lines: whether to write a line for each epoch; the bar is there either way.
    """

    def __init__(self, what: str, epochs: int, done: int = 0, *, lines: bool = True) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._what, self._epochs, self._lines = what, epochs, lines
        console = Console(stderr=True, soft_wrap=True)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            refresh_per_second=REFRESH_PER_S,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task(f"{what}: starting", total=epochs, completed=done)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def step(self, epoch: int, done: int, steps: int) -> None:
        text = f"{self._what}: epoch {epoch}/{self._epochs}, step {done}/{steps}"
        self._bar.update(self._task, completed=epoch - 1 + done / steps, description=text)

    def finished(self, epoch: int, loss: float, accuracy: float, seconds: float) -> None:
        if self._lines:
            text = f"epoch {epoch}/{self._epochs}: loss {loss:.4f}, test accuracy {accuracy:.2%}, {seconds:.1f} s"
            self.note(text)

    def note(self, text: str) -> None:
        self._bar.console.print(f"{self._what}: {text}", markup=False, highlight=False)
