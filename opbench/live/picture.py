"""What a run looks like at one moment, for a terminal and for a page: how far it is, its last rows, what to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from opbench.cli.progress import in_words
from opbench.vocabulary.record import Contended, Failed, Measured, Mismatch, Record

RUNNING, FINISHED, ENDED, ELSEWHERE = "running", "finished", "ended early", "written elsewhere"
"""States: its process writes it; all that was set out to do is on record; nobody writes it although that is not so; its
process is one of another host, which cannot be asked from here."""


@dataclass(frozen=True)
class Row:
    """A record as a row: what was measured, and what became of it, in a few words."""

    record: Record

    @property
    def case(self) -> str:
        """Operator, axes, and what is not as usual."""
        point = self.record.case.point
        usual = {"float32", "forward"}
        rest = " ".join(one for one in (point.dtype, point.mode) if one not in usual)
        axes = ", ".join(f"{name}={value}" for name, value in point.axes.items())
        return " ".join(filter(None, (point.operator, axes, rest)))

    @property
    def kind(self) -> str:
        return type(self.record.outcome).__name__.lower()

    @cached_property
    def words(self) -> str:
        return in_words(self.record.outcome)

    @property
    def marked(self) -> bool:
        """Whether other work is known to have disturbed it, or left it without a latency."""
        outcome = self.record.outcome
        return isinstance(outcome, Contended) or (isinstance(outcome, Measured) and outcome.contention != "")

    @property
    def wrong(self) -> bool:
        return isinstance(self.record.outcome, Mismatch | Failed)

    def to_json(self) -> dict[str, Any]:
        return {
            "case": self.case,
            "backend": self.record.case.label,
            "kind": self.kind,
            "words": self.words,
            "marked": self.marked,
        }


@dataclass(frozen=True)
class Slow:
    """A measured row with its median in seconds, and how many times that of the quickest backend of its point."""

    row: Row
    median_s: float
    times: float


@dataclass(frozen=True)
class Progress:
    """How far a run is. total: None where the run did not say. left_s: None where nobody can say.

    version: changes with everything but the time.
    """

    name: str
    state: str
    done: int
    total: int | None
    elapsed_s: float | None
    left_s: float | None
    since_s: float | None
    version: str

    @property
    def over(self) -> bool:
        """Whether nothing more is to come, as far as can be known."""
        return self.state in {FINISHED, ENDED}


@dataclass(frozen=True)
class Picture:
    """counts: records by kind. marked: how many of all are marked as contended, those without a latency among them.

    latest: newest first; slowest: slowest first; failures: those of all that are wrong or failed, newest first, of
    `wrong` in all; contended: those that `--resume` tries again. rows: how many records were read in all.
    report: the page of the run, once it is written.
    """

    progress: Progress
    counts: Mapping[str, int]
    marked: int
    wrong: int
    latest: Sequence[Row]
    slowest: Sequence[Slow]
    failures: Sequence[Row]
    contended: Sequence[Row]
    rows: int
    report: Path | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self.progress) | {
            "counts": dict(self.counts),
            "marked": self.marked,
            "wrong": self.wrong,
            "latest": [row.to_json() for row in self.latest],
            "slowest": [slow.row.to_json() | {"median_s": slow.median_s, "times": slow.times} for slow in self.slowest],
            "failures": [row.to_json() for row in self.failures],
            "contended": [row.to_json() for row in self.contended],
            "report": None if self.report is None else str(self.report.resolve()),
        }
