"""The run of a sweep, from its `records.jsonl`: a row for each case that was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opbench.errors import UsageError
from opbench.history.row import HistoryRow, quartiles
from opbench.history.sources.asked import Asked, moment
from opbench.store.environment_lines import environment_id
from opbench.store.runs import RECORDS, Run
from opbench.vocabulary.record import Measured, Record


def rows(place: Path, asked: Asked) -> list[list[HistoryRow] | UsageError] | None:
    """None where it is no folder of a run. Raises UsageError, naming the line, for records that cannot be read, and
    where neither they nor `asked` name a commit.

    The rows of each machine are a list of their own, as of a fleet's runs that were merged. All have process 0: a run's
    cases share one measuring process, and what was measured again after a death has one of its own. Several runs at one
    commit are what tells processes apart.
    """
    if not (place / RECORDS).is_file():
        return None
    of_machines: dict[str, list[HistoryRow]] = {}
    for row in _rows(Run(place), asked):
        of_machines.setdefault(row.machine, []).append(row)
    return [*of_machines.values()] or [[]]


def _rows(run: Run, asked: Asked) -> Iterator[HistoryRow]:
    name = "/".join(run.folder.resolve().parts[-2:])
    known: dict[str, dict[str, str]] = {}
    for record in run.listed():
        outcome = record.outcome
        if isinstance(outcome, Measured):
            digest = environment_id(record.environment)
            if digest not in known:
                known[digest] = asked.circumstances(record.environment)
            yield _row(record, outcome, name, known[digest] | asked.commit(asked.measured_revision(record.revision)))


def _row(record: Record, outcome: Measured, run: str, told: dict[str, Any]) -> HistoryRow:
    case, point = record.case, record.case.point
    median_s, low_s, high_s = quartiles(outcome.samples_s)
    return HistoryRow(
        source="sweep",
        case=case.key,
        operator=point.operator,
        backend=case.label,
        dtype=point.dtype,
        device=point.device,
        mode=point.mode,
        clock=point.clock,
        axes=json.dumps(dict(point.axes)),
        run=run,
        process=0,
        started=moment(record.started),
        median_s=median_s,
        low_s=low_s,
        high_s=high_s,
        samples=len(outcome.samples_s),
        contended=bool(outcome.contention),
        **told,
    )
