"""Whether two sets of files can be held against each other at all, and on which machines they were made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import combinations

from opbench.errors import UsageError
from opbench.gate.files.json_reader import StoredFile
from opbench.gate.files.machine_info import comparable_info, environment_differences
from opbench.gate.samples import SIDES, Side

Files = Mapping[Side, "Sequence[StoredFile]"]


def require_compatible(files: Files) -> None:
    """Raises UsageError where a side has no file, a file counts twice, or the files are not of one run's two sides."""
    for side in SIDES:
        if not files[side]:
            raise UsageError(f"no file for {side}: give one or more with --{side}-json")
    every_file = _all(files)
    _require_distinct(every_file)
    of_gate = [file for file in every_file if file.origin]
    if not of_gate:
        return
    plain = [file for file in every_file if not file.origin]
    if plain:
        raise UsageError(
            f"{of_gate[0].path} was written by opbench gate, {plain[0].path} by pytest-benchmark: give two of one kind"
        )
    _require_one_run(files)


def _all(files: Files) -> list[StoredFile]:
    return [file for side in SIDES for file in files[side]]


def _require_distinct(files: Sequence[StoredFile]) -> None:
    for first, second in combinations(files, 2):
        if first.path.resolve() == second.path.resolve():
            raise UsageError(f"{first.path} is given twice: a file compared with itself shows nothing; name another")
        if _fingerprint(first) == _fingerprint(second):
            raise UsageError(f"{first.path} and {second.path} hold the very same samples: one is a copy; name another")


def _require_one_run(files: Files) -> None:
    for side in SIDES:
        for file in files[side]:
            assert file.origin is not None
            if file.origin.side != side:
                raise UsageError(f"{file.path} is {file.origin.side}'s but was given as {side}'s: swap the two options")
        if len(files[side]) > 1:
            raise UsageError(f"{len(files[side])} files of opbench gate for {side}, expected the one of a single run")
    base, head = files["base"][0], files["head"][0]
    assert base.origin is not None
    assert head.origin is not None
    if base.origin.run != head.origin.run:
        raise UsageError(
            f"{base.path} is of run {base.origin.run}, {head.path} of run {head.origin.run}: "
            "their rounds have nothing in common; give the two files of one run"
        )
    if base.origin.rule != head.origin.rule:
        raise UsageError(f"{base.path} and {head.path} were decided by different rules: run opbench gate again")


def machine_difference(files: Files) -> str:
    """What differs between the machines of the first file and of any other, "" for nothing."""
    first, *others = _all(files)
    for file in (first, *others):
        if not comparable_info(file.machine_info):
            return f"{file.path.name} does not say which machine it was made on"
    expected = _surroundings(first)
    differences = [words for file in others for words in environment_differences(expected, _surroundings(file))]
    return ", ".join(dict.fromkeys(differences))


def interleaved(files: Files) -> bool:
    """False where all of one side ran before the other side began, by the files' own times."""
    base, head = ([file.written for file in files[side] if file.written] for side in SIDES)
    return not base or not head or (max(base) >= min(head) and max(head) >= min(base))


def _surroundings(file: StoredFile) -> dict[str, object]:
    environment = {"environment": dict(file.origin.environment)} if file.origin else {}
    return comparable_info(file.machine_info) | environment


def _fingerprint(file: StoredFile) -> str:
    """Of all samples: no two processes ever took the same times. Files without any are as good as different."""
    samples = sorted((name, list(entry.samples_s)) for name, entry in file.entries.items() if entry.samples_s)
    text = json.dumps(samples) if samples else str(file.path)
    return hashlib.sha256(text.encode()).hexdigest()
