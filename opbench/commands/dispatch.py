"""`opbench dispatch`: make the table that `auto` goes by from a run's records."""

from __future__ import annotations

import json
from pathlib import Path

from opbench import dispatch, dispatch_table
from opbench.cli.plain import plain
from opbench.errors import MachineError
from opbench.store import runs


def run(name: str, results: Path, output: Path | None, as_json: bool) -> int:
    found = runs.find_run(results, name)
    table = dispatch.table_of(found.records(), str(found.folder))
    try:
        if output is None:
            output = dispatch.install(table)
        else:
            dispatch_table.write(table, output)
    except OSError as exc:
        raise MachineError(f"cannot write the table to {exc.filename}: {exc.strerror}; set OPBENCH_CACHE") from exc
    if as_json:
        print(json.dumps({"device": table.device, "rows": len(table.rows), "table": str(output)}))
    else:
        print(plain(f"{len(table.rows)} shapes of {found.folder}, measured on {table.device}"))
        print(f"table: {output}")
    return 0
