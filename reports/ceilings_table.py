"""A machine's ceilings for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from reports import units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opbench.ceilings import Ceilings, Rate

NAMES = {"multiply_add": "in registers", "matrix": "matrix product"}
COSTS = {"call": "call of an empty operator", "launch": "empty kernel", "page": "page fault"}
COSTS_CPU = COSTS | {"launch": "waking the threads"}


def ceilings_table(ceilings: Ceilings) -> Group:
    """Bandwidth by working set, arithmetic by dtype, costs, and what other tools say."""
    parts = [_bandwidth(ceilings), _others(ceilings)]
    return Group(_head(ceilings), *parts, *_opinions(ceilings))


def _head(ceilings: Ceilings) -> Text:
    where = ceilings.environment
    threads = f", {where['threads']} threads" if where.get("device") == "cpu" else ""
    return Text(f"{where.get('device_name', 'unknown')}{threads}, measured {ceilings.measured[:16]}", style="bold")


def _bandwidth(ceilings: Ceilings) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("working set")
    table.add_column("level")
    for kind in ceilings.bandwidth:
        table.add_column(f"{kind} B/s", justify="right")
        table.add_column("over the rounds", justify="right", style="dim")
    for size in sorted({size for curve in ceilings.bandwidth.values() for size in curve}):
        cells = [cell for curve in ceilings.bandwidth.values() for cell in _rate(curve.get(size))]
        table.add_row(units.data_size(size), ceilings.level(size), *cells)
    return table


def _rate(rate: Rate | None) -> tuple[str, str]:
    return (units.quantity(rate.mid), _ends(rate)) if rate else ("-", "")


def _ends(rate: Rate) -> str:
    return f"{units.quantity(rate.low)} to {units.quantity(rate.high)}"


def _others(ceilings: Ceilings) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("multiply-adds a second, costs")
    table.add_column("", justify="right")
    table.add_column("over the rounds", justify="right", style="dim")
    for kind, rates in ceilings.arithmetic.items():
        for dtype, rate in rates.items():
            table.add_row(f"{dtype}, {NAMES[kind]}", *_rate(rate))
    names = COSTS_CPU if ceilings.environment.get("device") == "cpu" else COSTS
    for kind, rate in ceilings.costs.items():
        table.add_row(names[kind], units.seconds(rate.mid), units.seconds_between(rate.high, rate.low))
    return table


def _opinions(ceilings: Ceilings) -> Iterator[Text]:
    """One line per other tool, with the difference; where there is none, that."""
    from opbench.ceilings.opinions import INSTALLABLE

    if not ceilings.opinions:
        wanted = INSTALLABLE.get(str(ceilings.environment.get("device")), "")
        yield Text(f"no second opinion: none of the tools is installed, such as {wanted}", style="yellow")
    for name, rate in ceilings.opinions.items():
        ours = list(ceilings.bandwidth[name.partition(":")[0]].values())[-1]
        apart = rate / ours.mid - 1
        covered = "within" if ours.covers(rate) else "outside"
        yield Text(f"{name}: {units.quantity(rate)}B/s, {apart:+.0%} of ours, {covered} its interval")
