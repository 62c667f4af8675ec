"""From what somebody names to the files of a history: what it is, which rows it has, where they went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from opbench.errors import UsageError
from opbench.history import files
from opbench.history.files import Added
from opbench.history.row import HistoryRow
from opbench.history.sources import asv_results, benchmark_files, sweep_run
from opbench.history.sources.asked import Asked
from opbench.store.runs import find_run

Source: TypeAlias = "Callable[[Path, Asked], list[list[HistoryRow] | UsageError] | None]"
"""A list of rows a run; what is wrong with a file in the place of its rows, where others of a folder can be read."""

SOURCES: tuple[Source, ...] = (sweep_run.rows, benchmark_files.rows, asv_results.rows)
"""Asked in turn, the first that knows what it is given answers. asv's goes through folders, so it comes last."""


def add(named: str, history: Path, results: Path, asked: Asked) -> Iterator[Added | UsageError]:
    """Add what is named: a run of a sweep or of the gate, a file of pytest-benchmark, results of asv.

    named: a path, or `SWEEP` or `SWEEP/RUN` under `results`. Raises UsageError where it is none of these, where nothing
    was measured in it, and as `files.add`. What is wrong with one file of a folder is given in its place, the rest is
    added.
    """
    found = _rows(named, results, asked)
    measured = [rows for rows in found if rows]
    if not measured:
        raise UsageError(f"nothing was measured in {named}: a history has rows of measured cases only")
    for rows in measured:
        yield rows if isinstance(rows, UsageError) else files.add(history, rows)


def _rows(named: str, results: Path, asked: Asked) -> list[list[HistoryRow] | UsageError]:
    for place in (Path(named), results / named):
        if place.exists():
            for source in SOURCES:
                if (found := source(place, asked)) is not None:
                    if asked.revision and source is not sweep_run.rows:
                        raise UsageError(
                            f"{place} names its commits itself: --commit is for runs of a sweep; leave it out"
                        )
                    return found
    if gates := sorted(path.parent for path in (results / named).glob(f"*/{benchmark_files.SIDES[0]}")):
        return list(benchmark_files.rows(gates[-1], asked) or [])  # the newest, as of a sweep
    run = find_run(results, named)  # by the name of its sweep; lists what there is
    return list(sweep_run.rows(run.folder, asked) or [])
