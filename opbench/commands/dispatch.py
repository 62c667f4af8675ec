"""`opbench dispatch`: make the tables that `auto` goes by from a run's records, one for each device."""

from __future__ import annotations

import json
from pathlib import Path

from opbench import dispatch, dispatch_table
from opbench.cli.plain import plain
from opbench.dispatch_table import Table
from opbench.errors import MachineError
from opbench.store import runs


def run(name: str, results: Path, output: Path | None, as_json: bool) -> int:
    """`output` is the file of one table, and the folder of those of several devices; None is this machine's cache."""
    found = runs.find_run(results, name)
    tables = dispatch.tables_of(found.records(), str(found.folder))
    for table in tables:
        place = _kept(table, output, alone=len(tables) == 1)
        if as_json:
            print(json.dumps({"device": table.device, "rows": len(table.rows), "table": str(place)}))
        else:
            print(plain(f"{len(table.rows)} shapes of {found.folder}, measured on {table.device}"))
            print(f"table: {place}")
    return 0


def _kept(table: Table, output: Path | None, *, alone: bool) -> Path:
    """The table's file. Raises MachineError where it cannot be written."""
    try:
        if output is None:
            return dispatch.install(table)
        place = output if alone else output / dispatch.file_name(table)
        dispatch_table.write(table, place)
    except OSError as exc:
        raise MachineError(f"cannot write the table to {exc.filename}: {exc.strerror}; set OPBENCH_CACHE") from exc
    return place
