"""A run of any size in a few rows: what became of the cases of each backend, and what a page must not leave out.

Taken record by record. What is kept are counts, and of every kind of thing that is told the first few records.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from opbench.counting.count import disagreements
from opbench.vocabulary.record import Measured, Record
from reports.data import units
from reports.data.problems import headline, reason, verdict
from reports.data.series import Setting, setting_of

FIRST = 20
"""Records that are told of each kind; the rest are counted."""

MOST_ROWS = 200
"""Rows of the summary; more backends than that are the user's own table to make."""

Key = tuple[str, Setting, str]


@dataclass
class OutcomeTally:
    """What became of the cases of one backend.

    outcomes: how often there was each.
    quickest_s, slowest_s: of the medians, in seconds.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    quickest_s: float = float("inf")
    slowest_s: float = 0.0

    def add(self, record: Record) -> None:
        self.outcomes[verdict(record.outcome)] += 1
        if (time := record.latency) is not None:
            self.quickest_s, self.slowest_s = min(self.quickest_s, time.mid), max(self.slowest_s, time.mid)

    @property
    def cases(self) -> int:
        return self.outcomes.total()

    @property
    def measured(self) -> int:
        return self.outcomes["measured"]

    @property
    def others(self) -> str:
        """`7 failed, 2 unavailable`; "" where all were measured."""
        rest = {name: count for name, count in sorted(self.outcomes.items()) if name != "measured"}
        return ", ".join(f"{count} {name}" for name, count in rest.items())

    @property
    def medians(self) -> str:
        return units.seconds_between(self.quickest_s, self.slowest_s) if self.measured else ""


@dataclass
class FirstRecords:
    """The first records of a kind, and how many there are.

    records: FIRST at most.
    count: all of them.
    """

    records: list[Record] = field(default_factory=list)
    count: int = 0

    def add(self, record: Record) -> None:
        self.count += 1
        if len(self.records) < FIRST:
            self.records.append(record)


@dataclass
class Totals:
    """A run's counts, and the records that are told of.

    tallies: by operator, setting and backend.
    contended: how many were measured beside other work.
    impossible: quicker than the machine can be.
    differing: whose counters differ from the formula.
    unmeasured: by operator, backend, outcome and reason, FIRST of them; `more_unmeasured` are the rest.
    """

    tallies: dict[Key, OutcomeTally] = field(default_factory=dict)
    contended: int = 0
    impossible: FirstRecords = field(default_factory=FirstRecords)
    differing: FirstRecords = field(default_factory=FirstRecords)
    unmeasured: dict[tuple[str, str, str, str], FirstRecords] = field(default_factory=dict)
    more_unmeasured: int = 0
    _witnesses: dict[object, Record] = field(default_factory=dict)
    _first: Record | None = None
    _last: Record | None = None

    def add(self, record: Record) -> None:
        point = record.case.point
        key = point.operator, setting_of(point), record.case.label
        self.tallies.setdefault(key, OutcomeTally()).add(record)
        self._witnesses.setdefault((id(record.environment), record.revision), record)
        if self._first is None or record.started < self._first.started:
            self._first = record
        if self._last is None or record.started > self._last.started:
            self._last = record
        if isinstance(record.outcome, Measured):
            self.contended += record.outcome.contention != ""
            if record.impossible:
                self.impossible.add(record)
        else:
            self._missed(record)
        if disagreements(record.counts, record.work):
            self.differing.add(record)

    def _missed(self, record: Record) -> None:
        key = (record.case.point.operator, record.case.label, headline(record.outcome), reason(record.outcome))
        if key in self.unmeasured or len(self.unmeasured) < FIRST:
            self.unmeasured.setdefault(key, FirstRecords()).add(record)
        else:
            self.more_unmeasured += 1

    @property
    def witnesses(self) -> list[Record]:
        """Records that together say where, when and from which revision all were measured."""
        ends = [record for record in (self._first, self._last) if record is not None]
        return [*self._witnesses.values(), *ends]

    @property
    def records(self) -> int:
        return sum(tally.cases for tally in self.tallies.values())

    @property
    def measured(self) -> int:
        return sum(tally.measured for tally in self.tallies.values())

    @property
    def outcomes(self) -> Counter[str]:
        return sum((tally.outcomes for tally in self.tallies.values()), Counter())

    @property
    def rows(self) -> list[tuple[str, str, str, OutcomeTally]]:
        """Operator, setting and backend with what became of its cases; MOST_ROWS at most."""
        named = [(operator, str(setting), label, tally) for (operator, setting, label), tally in self.tallies.items()]
        return named[:MOST_ROWS]

    @property
    def more_rows(self) -> int:
        return max(0, len(self.tallies) - MOST_ROWS)
