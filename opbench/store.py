"""A run on disk: `results/<sweep>/<run>/records.jsonl`, one line per case, appended and flushed at once.

Reports are made from these files, never from memory, and a run that was cut short goes on from them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from opbench.codec import from_line, to_line
from opbench.errors import MachineError, UsageError, unknown
from opbench.record import Record

RECORDS = "records.jsonl"


@dataclass(frozen=True)
class Run:
    """One folder of results."""

    folder: Path

    @property
    def records_file(self) -> Path:
        return self.folder / RECORDS

    def append(self, records: Iterable[Record]) -> None:
        """Write whole lines or nothing: after a full disk the file ends where it did before.

        Raises MachineError when they cannot be written.
        """
        text = "".join(map(to_line, records)).encode()
        try:
            file = os.open(self.records_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as exc:
            raise MachineError(f"cannot write {self.records_file}: {exc.strerror}") from exc
        before = os.fstat(file).st_size
        try:
            while text:
                text = text[os.write(file, text) :]
        except OSError as exc:
            os.ftruncate(file, before)
            raise MachineError(f"cannot write {self.records_file}: {exc.strerror}; --resume goes on from it") from exc
        finally:
            os.close(file)

    def records(self) -> list[Record]:
        """All records of the run. Raises UsageError naming the line when one is torn or of another schema."""
        lines = self._text().splitlines(keepends=True)
        return [from_line(line, f"{self.records_file}:{at}") for at, line in enumerate(lines, 1)]

    def repair(self) -> str | None:
        """Cut off a torn last line, the mark of a killed run. Returns what was done, or None."""
        text = self._text()
        whole = text[: text.rfind("\n") + 1]
        if whole == text:
            return None
        try:
            os.truncate(self.records_file, len(whole.encode()))
        except OSError as exc:
            raise MachineError(f"cannot repair {self.records_file}: {exc.strerror}") from exc
        return f"{self.records_file}: cut off an incomplete last line; its case is measured again"

    def write(self, name: str, data: bytes) -> Path:
        """Write a file of the run whole or not at all. Raises MachineError when it cannot be written."""
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(path.name + ".part")
            part.write_bytes(data)
            part.replace(path)
        except OSError as exc:
            raise MachineError(f"cannot write {path}: {exc.strerror}") from exc
        return path

    def write_json(self, name: str, data: Mapping[str, Any]) -> Path:
        return self.write(name, (json.dumps(data, indent=2) + "\n").encode())

    def _text(self) -> str:
        try:
            return self.records_file.read_text(encoding="utf-8") if self.records_file.exists() else ""
        except (OSError, UnicodeDecodeError) as exc:
            raise UsageError(f"cannot read {self.records_file}: {exc}") from exc


def new_run(results: Path, sweep: str, now: datetime) -> Run:
    """A fresh folder named after the time. Raises UsageError or MachineError when it cannot be made."""
    stem = now.strftime("%Y-%m-%dT%H-%M-%S")
    for attempt in range(100):
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
        run = Run(folder)
        run.append([])  # a run that is interrupted before its first record is still the newest one
        return run
    raise MachineError(f"100 runs of {stem} exist already under {results / sweep}")


def latest_run(results: Path, sweep: str) -> Run:
    """The newest run of a sweep. Raises UsageError when there is none."""
    _refuse_file(results)
    runs = sorted(path.parent for path in (results / sweep).glob(f"*/{RECORDS}"))
    if not runs:
        raise UsageError(
            f"nothing to resume or report: no run of {sweep!r} under {results}; start one without --resume"
        )
    return Run(runs[-1])


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
