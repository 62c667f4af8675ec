"""`opbench history add`, and `sweep --history`: rows of runs into a history."""

from __future__ import annotations

import json
from pathlib import Path

from opbench.cli.plain import plain
from opbench.history.adding import add
from opbench.history.commits import of_repository
from opbench.history.files import Added
from opbench.history.sources.asked import Asked
from opbench.store.runs import Run


def run(
    runs: tuple[str, ...], history: Path, machine: str, repository: Path | None, results: Path, as_json: bool
) -> int:
    """Say of each file whether it is new. What was added before a run that is refused stays."""
    asked = Asked(machine, of_repository(repository))
    for name in runs:
        for added in add(name, history, results, asked):
            print(json.dumps(_data(added)) if as_json else plain(told(added)))
    return 0


def keep(run: Run, history: Path, measured: int) -> str:
    """Add a run that is just over, of which so many cases were measured; what became of it, in a line.

    Raises UsageError where the run is there with other rows, as after `--resume`.
    """
    if not measured:
        return f"history: nothing was measured, so {history} is as it was"
    (added,) = add(str(run.folder), history, run.folder, Asked())
    return told(added)


def told(added: Added) -> str:
    rows = f"{added.rows} row{'s' * (added.rows != 1)}"
    return f"history: {added.path}: {rows}" if added.new else f"history: {added.path}: there already, unchanged"


def _data(added: Added) -> dict[str, object]:
    return {"path": str(added.path), "rows": added.rows, "new": added.new}
