"""What is on disk of a day: a file for each command that ended, written before the next begins."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from benchmarks.gpu_day.running import Ended
from opbench.errors import MachineError
from opbench.store.files import write_whole


@dataclass(frozen=True)
class Kept:
    """One command that ended. code: None where it was killed or could not be started, and `why` says for what."""

    step: str
    command: str
    words: tuple[str, ...]
    code: int | None
    why: str
    seconds: float
    last_words: str

    @property
    def finished(self) -> bool:
        """Whether it came to an end of its own, good or bad: a second day has nothing to add to it."""
        return self.code is not None


class Book:
    """The folder of a day. One process at a time writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def mark(self) -> str:
        """By which processes of this day are known, also those that an earlier call left behind when it was killed."""
        return hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:32]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises MachineError where another process has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock: IO[str] = (self.folder / "lock").open("w", encoding="ascii")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise MachineError(
                    f"{self.folder} is written by another process; wait, or give another --out"
                ) from None
            yield

    def results(self, step: str) -> Path:
        """Where a step's commands write."""
        return self.folder / "steps" / step

    def log(self, step: str, command: str) -> Path:
        """A fresh file for what a command prints; those of earlier tries stay."""
        logs = self.folder / "logs"
        tries = len(list(logs.glob(f"{step}.{command}.*.txt")))
        return logs / f"{step}.{command}.{tries + 1}.txt"

    def keep(self, step: str, command: str, words: tuple[str, ...], ended: Ended) -> Kept:
        kept = Kept(step, command, words, **asdict(ended))
        write_whole(self._file(step, command), json.dumps(asdict(kept), indent=1).encode())
        return kept

    def of(self, step: str, command: str) -> Kept | None:
        """What is known of a command; None where it never ended, or where its file is no such."""
        try:
            found = json.loads(self._file(step, command).read_text(encoding="utf-8"))
            return Kept(**found | {"words": tuple(found["words"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _file(self, step: str, command: str) -> Path:
        return self.folder / "commands" / f"{step}.{command}.json"
