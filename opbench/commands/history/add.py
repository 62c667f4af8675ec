"""`opbench history add`, `sweep --history` and `gate --history`: rows of runs into a history."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryFile

from opbench.cli.plain import plain
from opbench.commands.history.into import Into
from opbench.errors import MachineError, OpbenchError, UsageError
from opbench.history.adding import add
from opbench.history.commits import of_repository
from opbench.history.files import Added
from opbench.history.sources.asked import Asked


def run(runs: tuple[str, ...], into: Into, results: Path, as_json: bool) -> int:
    """Say of each file whether it is new. 1 where one of a folder was left out, which is told. What was added before
    something that is refused stays.
    """
    asked = _asked(into)
    code = 0
    for name in runs:
        for added in add(name, into.folder, results, asked):
            if isinstance(added, UsageError):
                print(plain(f"opbench: {added}"), file=sys.stderr)
                code = 1
            else:
                print(json.dumps(_data(added)) if as_json else plain(told(added)))
    return code


def ready(into: Into, recorded: str | None = None) -> None:
    """Raises UsageError or MachineError for what `keep` would refuse after hours: options, commit, folder.

    recorded: the commit that the records are going to say; None where it is known already that they say one.
    """
    asked = _asked(into)
    if recorded is not None:
        asked.measured_revision(recorded)
    asked.circumstances({})
    try:
        into.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=into.folder):
            pass
    except OSError as exc:
        raise MachineError(f"cannot write to {into.folder}: {exc.strerror}; choose another --history") from exc


def keep(folder: Path, into: Into, measured: int) -> tuple[str, int]:
    """Add the run of this folder, which is just over and of which so many cases were measured; what became of it, in
    a line, machine by machine, and an exit code: where it is refused, as after `--resume`, the run
    itself is still whole.
    """
    if not measured:
        return f"history: nothing was measured, so {into.folder} is as it was", 0
    try:
        every = list(add(str(folder), into.folder, folder, _asked(into)))
    except OpbenchError as exc:
        return f"history: not added: {exc}", exc.exit_code
    lines = [told(added) if isinstance(added, Added) else f"history: not added: {added}" for added in every]
    return "; ".join(lines), max(0 if isinstance(added, Added) else added.exit_code for added in every)


def _asked(into: Into) -> Asked:
    return Asked(into.machine, of_repository(into.repository), into.commit)


def told(added: Added) -> str:
    rows = f"{added.rows} row{'s' * (added.rows != 1)}"
    if added.new:
        return f"history: {added.path}: {rows}"
    without = "; it has no times of commits: remove it first to have those of --repository" * added.lacks_times
    return f"history: {added.path}: there already, unchanged{without}"


def _data(added: Added) -> dict[str, object]:
    return {"path": str(added.path), "rows": added.rows, "new": added.new}
