"""Workers as `Trial` knows them: who plays rounds, how they are hired, and what keeps them from it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from opbench.gate.rounds import Rounds

Kind = Literal["crashed", "failed", "skipped", "empty", "invalid"]


@dataclass(eq=False)  # not frozen: an exception is given its traceback when it passes a context manager
class Broken(Exception):  # noqa: N818  (it is what happened, not a mistake of the caller)
    """A benchmark could not be played: which way, and why in a sentence."""

    benchmark: str
    kind: Kind
    reason: str

    def __str__(self) -> str:
        return f"{self.benchmark} {self.kind}: {self.reason}"


class ShortOfMemoryError(Exception):
    """More workers do not fit; says how many would and what is free."""


class Workers(Protocol):
    """Equally many workers of both sides, for as long as they are wanted."""

    def play(self, benchmark: str, rounds: int, stage: str) -> Rounds:
        """Give every worker that many further slices in lockstep. Raises Broken."""
        ...

    def widen(self, per_side: int) -> None:
        """Let there be that many workers a side, the present ones or new ones. Raises ShortOfMemoryError."""
        ...


Hire = Callable[[int, str], AbstractContextManager[Workers]]
"""hire(per_side, stage): fresh workers, that many of each side. Raises ShortOfMemoryError."""
