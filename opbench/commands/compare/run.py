"""`opbench compare`: runs held against each other, case by case."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from opbench import catalog
from opbench.cli.plain import plain
from opbench.custom.difference import Difference
from opbench.errors import MachineError, UsageError
from opbench.store import runs
from opbench.store.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path


def run(names: tuple[str, ...], page: Path | None, results: Path, as_json: bool) -> int:
    """The first run against each other one. 1 where a case of the first is surely slower.

    Raises UsageError for fewer than two runs, and for two without a case in common.
    """
    if len(names) < 2:
        raise UsageError(f"one run alone ({', '.join(names)}) has nothing to be held against; name two or more")
    first, *others = (runs.find_run(results, name) for name in names)
    records = list(first.listed().told_apart())
    found = {str(other.folder): Difference.of(records, list(other.listed().told_apart())) for other in others}
    for folder, difference in found.items():
        if as_json:
            print(json.dumps({"here": str(first.folder), "there": folder, **plain_data(difference)}))
        else:
            print(plain(f"{first.folder} (here) against {folder} (there)\n{difference}", keep="\n"))
    if page is not None:
        shown = {"/".join(other.folder.parts[-2:]): found[str(other.folder)] for other in others}
        write_page(page, catalog.shown_by("pages.difference_page.render")("/".join(first.folder.parts[-2:]), shown))
        print(f"page: {page.resolve()}")
    return int(any(difference.slower for difference in found.values()))


def plain_data(difference: Difference) -> dict[str, object]:
    """A difference for machines, with its verdicts and its mean."""
    rows = [asdict(row) | {"verdict": row.verdict} for row in difference.rows]
    mean = difference.geometric_mean
    return asdict(difference) | {"rows": rows, "geometric_mean": None if mean is None else asdict(mean)}


def write_page(page: Path, text: str) -> None:
    """Raises MachineError where it cannot be written."""
    try:
        write_whole(page, text.encode())
    except OSError as exc:
        raise MachineError(f"cannot write {page}: {exc.strerror}; choose another place for --page") from exc
