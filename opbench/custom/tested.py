"""Comparisons within tests: what one means for its test, how its records travel, and where those of a session go."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from opbench import catalog
from opbench.cli.output import drawn
from opbench.cli.plain import plain
from opbench.cli.progress import in_words
from opbench.store.codec import from_line, to_line
from opbench.store.runs import new_run
from opbench.vocabulary.record import NOT_TIMED, Contended, Failed, Measured, Mismatch, Outcome, Record, Unavailable

if TYPE_CHECKING:
    from opbench.custom.result import Result

SWEEP = "pytest"
"""The folder below the results in which sessions have their runs."""

MOST_ROWS = 40
"""Cases that a terminal's summary lists one by one; of more it has a row a callable."""


@dataclass(frozen=True)
class Judgement:
    """What a comparison means for its test, as text that is empty where it does not apply.

    wrong: callables that computed something else, or raised. nothing: why no case could be measured at all.
    missing: the cases that could not, where others were.
    """

    wrong: str = ""
    nothing: str = ""
    missing: str = ""


def judged(records: Sequence[Record]) -> Judgement:
    wrong = [record for record in records if isinstance(record.outcome, Mismatch | Failed)]
    if wrong:
        return Judgement(wrong=_listed("", wrong))
    missing = [record for record in records if not _settled(record.outcome)]
    if len(missing) == len(records):
        return Judgement(nothing=_listed(": nothing measured", missing[:1]))
    return Judgement(missing=_listed(": not measured", missing) if missing else "")


def _settled(outcome: Outcome) -> bool:
    return isinstance(outcome, Measured) or outcome == Unavailable(NOT_TIMED)


def _listed(what: str, records: Sequence[Record]) -> str:
    """A line each; the first callable stands early, where a summary of one line still shows it."""
    lines = [
        plain(f"{record.case.label} ({record.case.point.axes}, {record.case.point.dtype}): {in_words(record.outcome)}")
        for record in records
    ]
    return f"opbench{what}: " + "\n".join(lines)


@dataclass
class Kept:
    """What one test's comparisons came to."""

    records: list[Record] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.records += result.records
        self.notes += result.notes

    def carried(self) -> dict[str, list[str]]:
        """As text alone, which goes through a pipe."""
        return {"records": [to_line(record) for record in self.records], "notes": self.notes}


def written(carried: Mapping[str, Mapping[str, list[str]]], results: Path) -> str:
    """Write the records of a session's tests, by test, as a run below `results`; what there is to say of them.

    Raises UsageError and MachineError where they cannot be written.
    """
    records, notes = _by_case(carried)
    run = new_run(results, SWEEP)
    run.append(records)
    page = f"a page with figures: opbench report {run.folder}"
    return "\n".join([_table(records), *notes, _counts(records), f"records: {run.folder}", page])


def checked(carried: Mapping[str, Mapping[str, list[str]]]) -> str:
    """What there is to say where nothing was to be timed: `6 cases checked and not timed, 2 of them wrong`."""
    records, notes = _by_case(carried)
    wrong = sum(isinstance(record.outcome, Mismatch | Failed) for record in records)
    unavailable = sum(isinstance(record.outcome, Unavailable) for record in records if not _settled(record.outcome))
    counts = f"{len(records)} cases checked and not timed (--opbench-disable)"
    others = [f"{count} {what}" for count, what in ((wrong, "wrong"), (unavailable, "unavailable")) if count]
    return "\n".join([*notes, ", ".join([counts, *others])])


def _by_case(carried: Mapping[str, Mapping[str, list[str]]]) -> tuple[list[Record], list[str]]:
    """Each case once, and what there was to say, a line for each that another test has under the same name."""
    found: dict[str, Record] = {}
    records = [(test, from_line(line)) for test, one in carried.items() for line in one["records"]]
    left_out = [
        f"{test}: {record.case.key} is on record already and left out; give it a name of its own"
        for test, record in records
        if found.setdefault(record.case.key, record) is not record
    ]
    notes = dict.fromkeys(note for one in carried.values() for note in one["notes"])
    return list(found.values()), [*notes, *left_out]


def _table(records: Sequence[Record]) -> str:
    width = min(120, shutil.get_terminal_size().columns)
    if len(records) <= MOST_ROWS:
        return drawn(catalog.shown_by("terminal.tests_table.tests_table")(records), width)
    totals = catalog.totals()
    for record in records:
        totals.add(record)
    return drawn(catalog.shown_by("terminal.results_table.totals_table")(totals), width)


def _counts(records: Sequence[Record]) -> str:
    """`5 of 6 cases measured, 2 of them beside other work; 1 contended`."""
    measured = [record.outcome for record in records if isinstance(record.outcome, Measured)]
    disturbed = sum(bool(outcome.contention) for outcome in measured)
    beside = f", {disturbed} of them beside other work" if disturbed else ""
    contended = sum(isinstance(record.outcome, Contended) for record in records)
    without = f"; {contended} contended" if contended else ""
    return f"{len(measured)} of {len(records)} cases measured{beside}{without}"
