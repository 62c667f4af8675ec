"""A run that grows by hand, and looking at it at a time that is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from os import utime
from pathlib import Path

import pytest

from opbench.live.picture import Picture
from opbench.live.watch import Watch
from opbench.store import progress
from opbench.store.journal import Journal
from opbench.store.runs import Run
from opbench.vocabulary.record import Outcome, Record
from tests.reports.builders import measured, record

BEGAN_S = 1_800_000_000.0


def at(seconds: float) -> str:
    return datetime.fromtimestamp(BEGAN_S + seconds, UTC).isoformat(timespec="seconds")


def case(channels: int, outcome: Outcome | None = None, backend: str = "torch_eager", started_s: float = 0) -> Record:
    return replace(record(outcome or measured(), backend, channels=channels), started=at(started_s))


@dataclass
class Growing:
    """A run whose journal is open, as a sweep's is."""

    run: Run
    journal: Journal
    watch: Watch
    closing: ExitStack

    def begin(self, cases: int, before: int = 0, expected_s: float = 60.0, now_s: float = 0.0) -> None:
        progress.begin(self.run, cases, before, expected_s, BEGAN_S + now_s)

    def add(self, *records: Record, at_s: float = 0.0) -> None:
        """Append these, as if at that time."""
        self.journal.append(records)
        utime(self.run.records_file, (BEGAN_S + at_s,) * 2)

    def look(self, at_s: float = 0.0) -> Picture:
        return self.watch.look(BEGAN_S + at_s)

    def end(self) -> None:
        """The writer is gone."""
        self.closing.close()


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Growing]:
    run = Run(tmp_path / "rows" / "2027-01-15T08-00-00Z")
    run.folder.mkdir(parents=True)
    with ExitStack() as closing:
        yield Growing(run, closing.enter_context(run.journal()), Watch(run), closing)
