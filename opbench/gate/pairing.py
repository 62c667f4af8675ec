"""Whether two sets of files can be held against each other at all, and on which machines they were made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from opbench.errors import UsageError
from opbench.gate.machine import differences, portrait
from opbench.gate.slices import SIDES, Side

if TYPE_CHECKING:
    from opbench.gate.reading import Stored


def paths(texts: Sequence[str]) -> list[Path]:
    """Of options that may be repeated and may each name several files with commas between."""
    found: list[Path] = []
    for text in texts:
        whole = Path(text)
        words = [text] if whole.is_file() else [word.strip() for word in text.split(",")]
        found += [Path(word) for word in words if word]
    return found


def require_pair(sides: Mapping[Side, Sequence[Stored]]) -> None:
    """Raises UsageError where a side has no file, a file counts twice, or the files are not of one run's two sides."""
    for side in SIDES:
        if not sides[side]:
            raise UsageError(f"no file for {side}: give one or more with --{side}-json")
    files = [file for side in SIDES for file in sides[side]]
    _require_distinct(files)
    ours = [file for file in files if file.origin]
    if not ours:
        return
    plain = [file for file in files if not file.origin]
    if plain:
        raise UsageError(
            f"{ours[0].path} was written by opbench gate, {plain[0].path} by pytest-benchmark: give two of one kind"
        )
    _require_one_run(sides)


def _require_distinct(files: Sequence[Stored]) -> None:
    for one, other in combinations(files, 2):
        if one.path.resolve() == other.path.resolve():
            raise UsageError(f"{one.path} is given twice: a file compared with itself shows nothing; name another")
        if _fingerprint(one) == _fingerprint(other):
            raise UsageError(f"{one.path} and {other.path} hold the very same samples: one is a copy; name another")


def _require_one_run(sides: Mapping[Side, Sequence[Stored]]) -> None:
    for side in SIDES:
        for file in sides[side]:
            assert file.origin is not None
            if file.origin.side != side:
                raise UsageError(f"{file.path} is {file.origin.side}'s but was given as {side}'s: swap the two options")
        if len(sides[side]) > 1:
            raise UsageError(f"{len(sides[side])} files of opbench gate for {side}, expected the one of a single run")
    base, head = sides["base"][0], sides["head"][0]
    assert base.origin is not None
    assert head.origin is not None
    if base.origin.run != head.origin.run:
        raise UsageError(
            f"{base.path} is of run {base.origin.run}, {head.path} of run {head.origin.run}: "
            "their rounds have nothing in common; give the two files of one run"
        )
    if base.origin.rule != head.origin.rule:
        raise UsageError(f"{base.path} and {head.path} were decided by different rules: run opbench gate again")


def other_machine(sides: Mapping[Side, Sequence[Stored]]) -> str:
    """What differs between the machines of the first file and of any other, "" for nothing."""
    files = [file for side in SIDES for file in sides[side]]
    for file in files:
        if not portrait(file.machine_info):
            return f"{file.path.name} does not say which machine it was made on"
    first = _surroundings(files[0])
    said = [word for file in files[1:] for word in differences(first, _surroundings(file))]
    return ", ".join(dict.fromkeys(said))


def in_turns(sides: Mapping[Side, Sequence[Stored]]) -> bool:
    """False where all of one side ran before the other side began, by the files' own times."""
    times = {side: [file.written for file in sides[side] if file.written] for side in SIDES}
    base, head = times["base"], times["head"]
    return not base or not head or (max(base) >= min(head) and max(head) >= min(base))


def _surroundings(file: Stored) -> dict[str, object]:
    return portrait(file.machine_info) | ({"environment": dict(file.origin.environment)} if file.origin else {})


def _fingerprint(file: Stored) -> str:
    """Of all samples: no two processes ever took the same times. Files without any are as good as different."""
    taken = sorted((name, list(entry.samples_s)) for name, entry in file.entries.items() if entry.samples_s)
    text = json.dumps(taken) if taken else str(file.path)
    return hashlib.sha256(text.encode()).hexdigest()
