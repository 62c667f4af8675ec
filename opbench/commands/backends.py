"""`opbench backends`: what can compute an operator, and why something cannot run here."""

from __future__ import annotations

import json
import sys
from typing import Any

from opbench import catalog, operator_files
from opbench.cli.options import DTYPES
from opbench.cli.progress import Notes
from opbench.vocabulary.record import Unavailable


def run(operator: str | None, as_json: bool) -> int:
    tell = Notes(sys.stderr).note
    names = [operator_files.one_operator(operator)] if operator else catalog.loadable_operators(tell)
    rows = [_row(name, backend) for name in names for backend in catalog.backend_names(name)]
    if as_json:
        for row in rows:
            print(json.dumps(row))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("operator", "backend", "schedules", "dtypes", "modes", "here", box=None, pad_edge=False)
    for column in table.columns[:2]:
        column.no_wrap = True
    for row in rows:
        here = [f"{device}: {why or 'yes'}" for device, why in row["here"].items()]
        every = set(row["dtypes"]) == set(DTYPES)
        dtypes = "all" if every else " ".join(row["dtypes"])
        schedules, modes = (" ".join(row.get(name, ())) for name in ("schedules", "modes"))
        table.add_row(row["operator"], row["backend"], schedules, dtypes, modes, "\n".join(here))
    Console().print(table)
    return 0


def _row(operator: str, name: str) -> dict[str, Any]:
    found = catalog.backend(operator, name)
    row: dict[str, Any] = {"operator": operator, "backend": name, "devices": [], "dtypes": [], "modes": []}
    if isinstance(found, Unavailable):
        return row | {"here": {"any": found.reason}}
    return row | {
        "about": found.about,
        "devices": sorted(found.devices),
        "dtypes": sorted(found.dtypes),
        "modes": sorted(found.modes),
        "schedules": list(found.schedules),
        "here": {device: _here(device) or found.unavailable(device) for device in sorted(found.devices)},
    }


def _here(device: str) -> str | None:
    import torch

    return None if device == "cpu" or torch.cuda.is_available() else "PyTorch sees no CUDA device"
