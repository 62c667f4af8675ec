"""A run on disk: `results/<sweep>/<run>/records.jsonl`, one line per case, appended as each point is over, and one per
environment before the first case that was measured in it.

Reports are made from these files, never from memory, and a run that was cut short goes on from them. A run is named
after the time in UTC at which it began, so that the newest is the same one in every time zone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opbench.errors import MachineError, UsageError, unknown
from opbench.store import journal
from opbench.store.files import write_chunks
from opbench.store.record_file import RecordFile
from opbench.vocabulary.record import Record

RECORDS = "records.jsonl"

MOST_AT_ONCE = 1000
"""Runs of one sweep that begin in one second, as the shards of a large array do in one folder."""

_STEM = "%Y-%m-%dT%H-%M-%S"
_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)(Z?)(?:-(\d+))?")


@dataclass(frozen=True)
class Run:
    """One folder of results."""

    folder: Path

    @property
    def records_file(self) -> Path:
        return self.folder / RECORDS

    def journal(self) -> AbstractContextManager[journal.Journal]:
        """The records, open for writing by this process alone. Raises MachineError where another writes them."""
        return journal.opened(self.records_file)

    def append(self, records: Iterable[Record]) -> None:
        """Write these and let go of the file. Raises as `journal` and `Journal.append`."""
        with self.journal() as opened:
            opened.append(records)

    def listed(self) -> RecordFile:
        """The records without holding them: counted, and read one by one as they are asked for.

        Raises UsageError naming the line when one is torn, of another schema, or repeats the case of another.
        """
        return RecordFile.listed(self.records_file)

    def records(self) -> list[Record]:
        """All records of the run, in memory. Raises UsageError as `listed`, and for a field that is wrong."""
        return list(self.listed())

    def write(self, name: str, data: bytes) -> Path:
        """Write a file of the run whole or not at all. Raises MachineError when it cannot be written."""
        return self.write_chunks(name, (data,))

    def write_chunks(self, name: str, chunks: Iterable[bytes]) -> Path:
        """As `write`, of what is made while it is written."""
        path = self.folder / name
        try:
            write_chunks(path, chunks)
        except OSError as exc:
            raise MachineError(f"cannot write {path}: {exc.strerror}") from exc
        return path

    def write_json(self, name: str, data: Mapping[str, Any]) -> Path:
        return self.write(name, (json.dumps(data, indent=2) + "\n").encode())


def new_run(results: Path, sweep: str, now: datetime | None = None) -> Run:
    """A run without records in a fresh folder. Raises UsageError or MachineError when it cannot be made."""
    run = Run(new_folder(results, sweep, now))
    run.append([])  # a run that is interrupted before its first record is still the newest one
    return run


def new_folder(results: Path, sweep: str, now: datetime | None = None) -> Path:
    """A fresh folder named after the time, which is `now` (with its time zone) unless given; no run before it has
    records. Raises UsageError or MachineError when it cannot be made.
    """
    stem = f"{(now or datetime.now(UTC)).astimezone(UTC):{_STEM}}Z"
    for attempt in range(MOST_AT_ONCE):
        folder = results / sweep / (f"{stem}-{attempt}" if attempt else stem)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not results.is_dir() or not folder.parent.is_dir():
                raise UsageError(f"--results {results} is a file; expected a folder") from None
            continue
        except NotADirectoryError:
            raise UsageError(f"--results {results} is a file or lies below one; expected a folder") from None
        except OSError as exc:
            raise MachineError(f"cannot make {folder}: {exc.strerror}; choose another --results") from exc
        return folder
    raise MachineError(f"{MOST_AT_ONCE} runs of {stem} exist already under {results / sweep}")


def latest_run(results: Path, sweep: str, wanted: Callable[[Run], bool] = lambda _: True) -> Run:
    """The newest run of a sweep that is `wanted`. Raises UsageError when there is none."""
    _refuse_file(results)
    folders = sorted((path.parent for path in (results / sweep).glob(f"*/{RECORDS}")), key=_began, reverse=True)
    for run in map(Run, folders):
        if wanted(run):
            return run
    raise UsageError(f"nothing to resume or report: no run of {sweep!r} under {results}; start one without --resume")


def newest_run(results: Path) -> Run:
    """The newest run of all sweeps. Raises UsageError when there is none."""
    _refuse_file(results)
    runs = sorted((path.parent for path in results.glob(f"*/*/{RECORDS}")), key=_began)
    if not runs:
        raise UsageError(f"no run under {results}; `opbench sweep` makes one, or give its folder")
    return Run(runs[-1])


def _began(folder: Path) -> tuple[float, int, str]:
    """When the run of this folder began, seconds since 1970, and its number among those of the same second.

    Names without a Z are of local time, as runs were named before. A folder of any other name comes first.
    """
    parts = _NAME.fullmatch(folder.name)
    if parts is None:
        return 0.0, 0, folder.name
    try:
        began = datetime.strptime(parts[1], _STEM)  # noqa: DTZ007  (its zone is in the name, or is the local one)
        seconds = began.replace(tzinfo=UTC).timestamp() if parts[2] else began.timestamp()
    except (ValueError, OverflowError, OSError):  # 2026-13-32, and years that are no time of this system
        return 0.0, 0, folder.name
    return seconds, int(parts[3] or 0), folder.name


def find_run(results: Path, text: str) -> Run:
    """A run by its folder, or by `SWEEP` (the newest) or `SWEEP/RUN` under the results folder.

    Raises UsageError listing what exists.
    """
    for folder in (Path(text), results / text):
        if (folder / RECORDS).is_file():
            return Run(folder)
    if any((results / text).glob(f"*/{RECORDS}")):
        return latest_run(results, text)
    _refuse_file(results)
    known = [str(path.parent.relative_to(results)) for path in results.glob(f"*/*/{RECORDS}")]
    raise unknown("run", text, known, f"under {results}")


def _refuse_file(results: Path) -> None:
    if results.exists() and not results.is_dir():
        raise UsageError(f"--results {results} is a file; expected a folder")
