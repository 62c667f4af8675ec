"""`opbench ls --dispatch`: what `auto` picks on this machine, and the tables it could go by."""

from __future__ import annotations

import json
from dataclasses import asdict

from opbench import dispatch
from opbench.dispatch import Table, device_key
from opbench.environment import describe


def run(as_json: bool) -> int:
    tables = dispatch.tables()
    here = {device: dispatch.table_for(device) for device in _devices()}
    if as_json:
        for table in tables:
            print(json.dumps(asdict(table) | {"used": table in here.values()}))
        return 0
    for device, used in here.items():
        name = device_key(describe(device))
        print(f"{device}: {name}: {used.source if used else 'not measured, `auto` goes by its rule'}")
    for table in tables:
        _show(table)
    print("Measure this machine: opbench sweep grid && opbench dispatch grid")
    return 0


def _devices() -> list[str]:
    import torch

    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def _show(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as Sheet

    sheet = Sheet(
        "operator", "dtype", "shape", "fastest", "median", "next", box=None, pad_edge=False, title=table.device
    )
    for row in table.rows:
        ranked = sorted(row.seconds, key=row.seconds.__getitem__)
        second = f"{ranked[1]} ({row.seconds[ranked[1]] / row.seconds[ranked[0]]:.2f}x)" if len(ranked) > 1 else ""
        shape = " ".join(f"{name}={value}" for name, value in row.axes.items())
        sheet.add_row(row.operator, row.dtype, shape, ranked[0], f"{row.seconds[ranked[0]] * 1e6:.4g} us", second)
    Console().print(sheet)
