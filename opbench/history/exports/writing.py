"""All files of an export, whole or not at all each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from opbench.errors import MachineError, unknown
from opbench.history import files
from opbench.history.commits import Commits
from opbench.history.exports import asv_results, benchmark_files
from opbench.history.exports.asv_results import text
from opbench.history.exports.grouped import Group, groups
from opbench.store.files import write_whole

Format: TypeAlias = "Callable[[Sequence[Group]], Iterator[tuple[Path, dict[str, Any]]]]"

FORMATS: dict[str, Format] = {"asv": asv_results.files, "pytest-benchmark": benchmark_files.files}


def export(history: Path, to: Path, form: str, commits: Commits) -> tuple[int, tuple[str, ...]]:
    """Write the files below `to`; how many, and which files of the history were left out.

    Raises UsageError for an unknown format and where there is no history, MachineError where a file cannot be written.
    """
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    found = files.read(history)
    count = 0
    for place, content in FORMATS[form](list(groups(found.table, commits))):
        try:
            write_whole(to / place, text(content).encode())
        except OSError as exc:
            raise MachineError(f"cannot write {to / place}: {exc.strerror}; choose another --to") from exc
        count += 1
    return count, found.problems
