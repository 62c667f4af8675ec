"""`opbench ls --dispatch`: what `auto` picks on this machine, and the tables it could go by."""

from __future__ import annotations

import json
from dataclasses import asdict

from opbench import dispatch
from opbench.cli.plain import plain
from opbench.dispatch import device_key
from opbench.dispatch_table import Table
from opbench.process.environment import describe


def run(as_json: bool) -> int:
    tables, damaged = dispatch.tables()
    here = {device: dispatch.table_among(tables, device) for device in _devices()}
    if as_json:
        for table in tables:
            print(json.dumps(asdict(table) | {"used": table in here.values()}))
        for line in damaged:
            print(json.dumps({"damaged": line}))
        return 0
    for device, used in here.items():
        name = device_key(describe(device))
        print(plain(f"{device}: {name}: {used.source if used else 'not measured, `auto` goes by its rule'}"))
    for table in tables:
        _show(table)
    for line in damaged:
        print(plain(f"damaged, and not gone by: {line}"))
    print("Measure this machine: opbench sweep grid && opbench dispatch grid")
    return 0


def _devices() -> list[str]:
    import torch

    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def _show(table: Table) -> None:
    """One line a shape; axes that are the same in every row stand in the title."""
    from rich.console import Console
    from rich.table import Table as Sheet
    from rich.text import Text

    axes = list(dict.fromkeys(name for row in table.rows for name in row.axes))
    moving = [name for name in axes if len({row.axes.get(name) for row in table.rows}) > 1]
    still = ", ".join(f"{name}={table.rows[0].axes[name]}" for name in axes if name not in moving)
    title = Text(plain(f"{table.device}{f': {still}' if still else ''}"))
    columns = ("operator", "dtype", *map(plain, moving), "fastest", "median us", "next", "x slower")
    sheet = Sheet(*columns, box=None, pad_edge=False, title=title, title_justify="left")
    for row in filter(lambda row: row.seconds, table.rows):
        ranked = sorted(row.seconds, key=row.seconds.__getitem__)
        best = row.seconds[ranked[0]]
        second = (ranked[1], f"{row.seconds[ranked[1]] / best:.2f}") if len(ranked) > 1 else ("", "")
        sizes = (str(row.axes.get(name, "")) for name in moving)
        words = (row.operator, row.dtype, *sizes, ranked[0], f"{best * 1e6:.4g}", *second)
        sheet.add_row(*(Text(plain(word)) for word in words))
    Console(width=max(140, Console().width)).print(sheet)
