"""A run read as it grows: what is kept of its records is what a picture shows, however many there are."""

from __future__ import annotations

import heapq
import platform
from array import array
from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from pathlib import Path
from statistics import median
from typing import ClassVar

from opbench.live.picture import ELSEWHERE, ENDED, FINISHED, RUNNING, Picture, Progress, Row, Slow
from opbench.live.tail import Placed, Tail
from opbench.running.reporting import PAGE
from opbench.store import journal, progress
from opbench.store.progress import Begun
from opbench.store.runs import Run
from opbench.vocabulary.record import Contended, Measured

LATEST, SLOWEST, WRONG = 50, 8, 20


@dataclass
class Seen:
    """Of all records read so far what is shown of them."""

    offsets: array[int] = field(default_factory=lambda: array("Q"))
    started_s: array[float] = field(default_factory=lambda: array("d"))
    counts: Counter[str] = field(default_factory=Counter)
    marked: int = 0
    wrong: int = 0
    latest: deque[Row] = field(default_factory=lambda: deque(maxlen=LATEST))
    failures: deque[Row] = field(default_factory=lambda: deque(maxlen=WRONG))
    contended: dict[str, Row] = field(default_factory=dict)
    quickest_s: dict[str, float] = field(default_factory=dict)
    _slowest: list[tuple[float, int, Row]] = field(default_factory=list)

    def add(self, placed: Placed) -> None:
        """One record more. One of a case that was Contended takes that one's place."""
        row = Row(placed.record)
        key, outcome = placed.record.case.key, placed.record.outcome
        self.offsets.append(placed.offset)
        self.started_s.append(_seconds(placed.record.started))
        if self.contended.pop(key, None) is not None:
            self.counts["contended"] -= 1
            self.marked -= 1
        self.counts[row.kind] += 1
        self.marked += row.marked
        self.wrong += row.wrong
        self.latest.append(row)
        if row.wrong:
            self.failures.append(row)
        if isinstance(outcome, Contended):
            self.contended[key] = row
        if isinstance(outcome, Measured):
            self._add_time(row, median(outcome.samples_s))

    def _add_time(self, row: Row, seconds: float) -> None:
        point = row.record.case.point.key
        self.quickest_s[point] = min(seconds, self.quickest_s.get(point, inf))
        heapq.heappush(self._slowest, (seconds, len(self.offsets), row))
        if len(self._slowest) > SLOWEST:
            heapq.heappop(self._slowest)

    @property
    def slowest(self) -> list[Slow]:
        found = sorted(self._slowest, reverse=True)
        return [Slow(row, time, time / self.quickest_s[row.record.case.point.key]) for time, _, row in found]

    def of_session(self, begun: Begun) -> int:
        """How many records came since it began."""
        return len(self.offsets) - bisect_left(self.offsets, begun.from_byte)


@dataclass
class Watch:
    """One run, looked at again and again. Nothing of it is changed."""

    run: Run
    _tail: Tail = field(init=False)
    _seen: Seen = field(init=False)
    HOST: ClassVar[str] = platform.node()

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._tail, self._seen = Tail(self.run.records_file), Seen()

    def look(self, now_s: float) -> Picture:
        """The run as it is. now_s: seconds since 1970. Raises UsageError for a line or a file that cannot be read."""
        if self._tail.is_another:
            self._begin()
        begun = progress.begun(self.run)
        writing = self._is_written(begun)  # before the records are read: what a writer leaves is then among them
        for placed in self._tail.new():
            self._seen.add(placed)
        seen, report = self._seen, self._report()
        return Picture(
            progress=self._progress(begun, writing, now_s, has_report=report is not None),
            counts={kind: count for kind, count in seen.counts.items() if count},
            marked=seen.marked,
            wrong=seen.wrong,
            latest=list(reversed(seen.latest)),
            slowest=seen.slowest,
            failures=list(reversed(seen.failures)),
            contended=list(reversed(seen.contended.values()))[:WRONG],
            rows=len(seen.offsets),
            report=report,
        )

    def _is_written(self, begun: Begun | None) -> bool | None:
        """Whether a process holds the run's records open; None where it is one of a host that cannot be asked."""
        try:
            inode = self.run.records_file.stat().st_ino
        except OSError:
            return False
        if journal.writer(inode) is not None:
            return True
        known = journal.LOCKS.exists() and (begun is None or begun.host == self.HOST)
        return False if known else None

    def _progress(self, begun: Begun | None, writing: bool | None, now_s: float, *, has_report: bool) -> Progress:
        seen = self._seen
        new = 0 if begun is None else seen.of_session(begun)
        done = len(seen.offsets) if begun is None else begun.before + new
        total = None if begun is None else begun.cases
        whole = has_report if total is None else done >= total
        state = RUNNING if writing else ELSEWHERE if writing is None else ENDED
        state = FINISHED if whole and not (writing and total is None) else state
        last_s = self._written_s()
        since_s = None if last_s is None or not seen.offsets else max(0.0, now_s - last_s)
        elapsed_s = left_s = None
        if begun is not None:
            until_s = last_s if state in {FINISHED, ENDED} and last_s is not None else now_s
            elapsed_s = max(0.0, until_s - begun.began_s)
            left_s = None if state in {FINISHED, ENDED} else self._left_s(begun, new, now_s, since_s)
        name = str(self.run.folder)
        return Progress(name, state, done, total, elapsed_s, left_s, since_s, f"{done}/{total} {state} {has_report}")

    def _left_s(self, begun: Begun, new: int, now_s: float, since_s: float | None) -> float:
        """From the first case of the session on, since compiling ahead takes its time once; before it is over, what the
        run was said to take at most.
        """
        if not new or since_s is None:
            return max(0.0, begun.expected_s - (now_s - begun.began_s))
        took_s = max(0.0, now_s - since_s - self._seen.started_s[-new])
        return max(0.0, took_s / new * (begun.cases - begun.before - new) - since_s)

    def _written_s(self) -> float | None:
        try:
            return self.run.records_file.stat().st_mtime
        except OSError:
            return None

    def _report(self) -> Path | None:
        """The page, where it is no older than the records."""
        page, written_s = self.run.folder / PAGE, self._written_s()
        try:
            made_s = page.stat().st_mtime
        except OSError:
            return None
        return page if written_s is None or made_s >= written_s else None


def _seconds(started: str) -> float:
    """Of a record's time, since 1970; 0 where it is none."""
    try:
        return datetime.fromisoformat(started).timestamp()
    except (ValueError, OverflowError):
        return 0.0
