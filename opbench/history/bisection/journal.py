"""What a bisection has measured, in a file that is written whole after every run: who is killed goes on from there."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from opbench.errors import MachineError, UsageError, first_line
from opbench.history.bisection.walk import Mark
from opbench.store.files import write_whole

SCHEMA = 1

FILE = "runs.json"

_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Step:
    """One run of the gate, or the reason why there was none. The names of these fields are those of the file.

    base, head: commits, in full. mark: of head, against base. verdict: the gate's, "" where nothing was measured.
    ratio, low, high: head's time over base's with its interval, None where it could not be compared.
    tolerance: of the run. seconds: it took. report: its summary, "" for none.
    """

    base: str
    head: str
    mark: Mark
    verdict: str
    reason: str
    ratio: float | None
    low: float | None
    high: float | None
    tolerance: float
    seconds: float
    report: str

    @property
    def possible(self) -> bool:
        """Whether a run may have left it: commits are commits, and who is bad was compared."""
        sizes = [one for one in (self.low, self.ratio, self.high) if one is not None]
        compared = len(sizes) == 3 and 0 < sizes[0] <= sizes[1] <= sizes[2] < math.inf
        named = all(_COMMIT.fullmatch(one) for one in (self.base, self.head))
        return named and (compared or (not sizes and self.mark is not Mark.BAD))


@dataclass(frozen=True)
class _File:
    schema: int
    question: dict[str, Any]
    steps: list[Step]


@dataclass
class Journal:
    """folder: of the bisection. question: what is bisected and how, so that nothing else goes on from it."""

    folder: Path
    question: Mapping[str, Any]
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, question: Mapping[str, Any], *, again: bool = False) -> Journal:
        """What is on record there, nothing where it is to be measured `again`.

        Raises UsageError for a file that is damaged or of another schema.
        """
        path = folder / FILE
        journal = cls(folder, question)
        if again or not path.exists():
            return journal
        try:
            told = msgspec.convert(json.loads(path.read_bytes()), _File)
            if told.schema != SCHEMA or told.question != dict(question):
                raise ValueError("it is of another schema or question")  # noqa: TRY301  (told like the others)
            if wrong := next((one for one in told.steps if not one.possible), None):
                raise ValueError(f"a run of {wrong.head!r:.40} as no gate leaves one")  # noqa: TRY301
        except (OSError, ValueError, RecursionError) as exc:
            raise UsageError(f"{path} cannot be gone on from ({first_line(exc):.120}); --again measures anew") from exc
        journal.steps = told.steps
        return journal

    def found(self, base: str, head: str) -> Step | None:
        """The last run of this pair."""
        return next((one for one in reversed(self.steps) if (one.base, one.head) == (base, head)), None)

    def add(self, step: Step) -> None:
        """Raises MachineError where it cannot be written."""
        self.steps.append(step)
        told = {"schema": SCHEMA, "question": dict(self.question), "steps": [asdict(one) for one in self.steps]}
        try:
            write_whole(self.folder / FILE, (json.dumps(told, indent=1) + "\n").encode())
        except OSError as exc:
            raise MachineError(f"cannot write {self.folder / FILE}: {exc.strerror}; choose another --results") from exc
