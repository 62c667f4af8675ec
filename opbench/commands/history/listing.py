"""`opbench history ls`: what there is, by machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opbench.cli.plain import plain
from opbench.history import aliases
from opbench.history.files import read
from opbench.history.row import json_object

if TYPE_CHECKING:
    import pyarrow as pa


def run(history: Path, as_json: bool) -> int:
    """1 where a file was left out; each is named on standard error."""
    found = read(history)
    for problem in found.problems:
        print(plain(f"opbench: {problem}"), file=sys.stderr)
    for row in by_machine(found.table, aliases.read(history)):
        if as_json:
            print(json.dumps(row))
        else:
            counts = ", ".join(f"{row[name]} {name}" for name in ("rows", "runs", "cases", "commits"))
            print(plain(f"{row['machine']}  {row['device']}: {counts}; {row['first']} to {row['last']}"))
    return int(bool(found.problems))


def by_machine(table: pa.Table, renamed: aliases.Aliases | None = None) -> list[dict[str, Any]]:
    """Counts of each machine, its device, and the days of its first and last row, "" where they are not known.

    renamed: a case or machine under its old and its new name counts once, under the new one.
    """
    names = ["machine", "run", "case", "commit", "started", "facts"]
    frame = table.select(names).to_pandas(strings_to_categorical=True)
    aliases.rename(frame, renamed or aliases.Aliases())
    return [
        {
            "machine": str(machine),
            "device": _device(part["facts"].iloc[-1]),
            "rows": len(part),
            "runs": int(part["run"].nunique()),
            "cases": int(part["case"].nunique()),
            "commits": int(part["commit"].nunique()),
            "first": _day(part["started"].min()),
            "last": _day(part["started"].max()),
        }
        for machine, part in frame.groupby("machine", observed=True, sort=True)
    ]


def _device(facts: str) -> str:
    told = json_object(facts)
    return str(told.get("device_name") or told.get("cpu") or "")


def _day(moment: Any) -> str:
    return "" if moment != moment else f"{moment:%Y-%m-%d}"  # noqa: PLR0124  (NaT)
