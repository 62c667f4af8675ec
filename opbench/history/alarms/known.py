"""Alarms that were told before: a step is seen for as long as it is among the newest commits, and is news once.

What was told is what `--json` printed, a line an alarm. Where a step lies moves by a few commits as its line grows; it
is the same one where case, machine and direction are, and the commits it may have come with overlap.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from opbench.errors import UsageError, first_line
from opbench.history.alarms.alarm import Alarm, Kind


@dataclass(frozen=True)
class Told:
    """The fields of the same names that an alarm has as JSON. commits: before, first, last."""

    case: str
    machine: str
    beside: str
    slower: bool
    kind: Kind
    commits: tuple[str, str, str]

    def is_of(self, alarm: Alarm) -> bool:
        """Whether it was this alarm."""
        same = (self.case, self.machine, self.beside, self.slower)
        if same != (alarm.case, alarm.series.machine, alarm.beside, alarm.slower):
            return False
        place = {name: number for number, name in enumerate(alarm.series.shared.commits)}
        if not place.keys() >= {self.commits[0], self.commits[2]}:  # rebased away, and dropped from the history
            return self.commits[1] == alarm.commits[1]
        before, last = (place[alarm.commits[at]] for at in (0, 2))
        return place[self.commits[0]] < last and before < place[self.commits[2]]


class _Commits(msgspec.Struct):
    before: str
    first: str
    last: str


class _Line(msgspec.Struct):
    """What is needed of it."""

    case: str
    machine: str
    beside: str | None
    change: Literal["slower", "faster"]
    kind: Kind = msgspec.field(name="class")
    commits: _Commits = msgspec.field()


def read(path: Path) -> list[Told]:
    """None where there is no such file yet. Raises UsageError for one that is something else."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"--known {path} cannot be read: {exc}") from exc
    return [_told(line, f"--known {path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]


def news(alarms: Sequence[Alarm], told: Sequence[Told], *, confirming: bool) -> list[Alarm]:
    """Those that were not told before. confirming: what was told as unconfirmed is asked about again."""
    settled = [one for one in told if not (confirming and one.kind is Kind.UNCONFIRMED)]
    return [alarm for alarm in alarms if not any(one.is_of(alarm) for one in settled)]


def _told(line: str, where: str) -> Told:
    try:
        found = msgspec.convert(json.loads(line), _Line)
    except (ValueError, RecursionError) as exc:
        raise UsageError(
            f"{where}: no alarm as `opbench history alarms --json` prints it ({first_line(exc):.80}); name another file"
        ) from exc
    commits = (found.commits.before, found.commits.first, found.commits.last)
    return Told(found.case, found.machine, found.beside or "", found.change == "slower", found.kind, commits)
