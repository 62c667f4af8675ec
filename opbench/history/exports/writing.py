"""All files of an export, whole or not at all each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from opbench.errors import MachineError, UsageError, unknown
from opbench.history import aliases, files
from opbench.history.commits import Commits
from opbench.history.exports import asv_results, benchmark_files
from opbench.history.exports.grouped import Group, groups
from opbench.store.files import write_whole

Format: TypeAlias = "Callable[[Sequence[Group]], Iterator[tuple[Path, dict[str, Any]]]]"

FORMATS: dict[str, Format] = {"asv": asv_results.files, "pytest-benchmark": benchmark_files.files}

_OURS = re.compile(r"machine\.json|benchmarks\.json|[0-9a-f]+(-dirty)?-(opbench-)?[0-9a-f]{12}\.json")
"""Names of files that exports write. asv's own are named by environments of its own, such as `virtualenv-py3.12`."""


def export(history: Path, to: Path, form: str, commits: Commits) -> tuple[int, tuple[str, ...]]:
    """Write the files below `to`; how many, and which files of the history were left out.

    Raises UsageError for an unknown format, where there is no history, and where a file of another tool would be lost;
    MachineError where a file cannot be written.
    """
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    found = files.read(history)
    made = list(FORMATS[form](list(groups(found.table, commits, aliases.read(history)))))
    _refuse_foreign(to)
    for place, content in made:
        try:
            write_whole(to / place, _text(content).encode())
        except OSError as exc:
            raise MachineError(f"cannot write {to / place}: {exc.strerror}; choose another --to") from exc
    return len(made), found.problems


def _refuse_foreign(to: Path) -> None:
    """A folder into which another tool has written is not written into: asv lists its benchmarks in one file.

    What an export wrote before has names of ours; of asv's list of benchmarks, ours has no code.
    """
    for path in sorted(to.rglob("*.json")) if to.is_dir() else ():
        if not _OURS.fullmatch(path.name) or _lists_foreign_benchmarks(path):
            raise UsageError(f"{path} is no file of an export, and may belong to another tool; choose another --to")


def _lists_foreign_benchmarks(path: Path) -> bool:
    if path.name != "benchmarks.json":
        return False
    try:
        listed = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return True
    return not isinstance(listed, dict) or any(isinstance(one, dict) and one.get("code") for one in listed.values())


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, allow_nan=False) + "\n"
