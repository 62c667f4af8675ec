"""A machine's ceilings for the command line."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from opbench.ceilings import Ceilings, Rate
from opbench.cli.plain import plain
from opbench.store.environment_kinds import device_text
from reports.data import units

NAMES = {"multiply_add": "in registers", "matrix": "matrix product"}
COSTS = {"call": "call of an empty operator", "launch": "empty kernel", "page": "page fault"}
COSTS_CPU = COSTS | {"launch": "waking the threads"}


def ceilings_table(ceilings: Ceilings) -> Group:
    """Print bandwidth by working set, arithmetic by dtype, costs, and what other tools say."""
    head = f"{device_text(ceilings.environment)}, measured {ceilings.measured[:16]}"
    return Group(
        Text(plain(head), style="bold"), "", _bandwidth(ceilings), "", _others(ceilings), "", *_opinions(ceilings)
    )


def _bandwidth(ceilings: Ceilings) -> Table:
    """All in one unit, which its head says: with a prefix at every number three kinds do not fit 80 columns."""
    table = _table("GB/s by working set: best sustained (worst round to best to be found)")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("level", no_wrap=True)
    for kind in ceilings.bandwidth:
        table.add_column(Text(plain(kind)), justify="right", no_wrap=True, min_width=5)
        table.add_column("", style="dim", no_wrap=True)
    for size in sorted({size for curve in ceilings.bandwidth.values() for size in curve}):
        cells = [cell for curve in ceilings.bandwidth.values() for cell in _scaled(curve.get(size))]
        table.add_row(units.data_size(size), Text(plain(ceilings.level(size))), *cells)
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, padding=0, show_edge=False)


def _scaled(rate: Rate | None) -> tuple[str, str]:
    if rate is None:
        return "-", ""
    low, mid, high = (units.number(end / 1e9) for end in (rate.low, rate.mid, rate.high))
    return mid, f"({low} to {high})"


def _others(ceilings: Ceilings) -> Table:
    table = _table("multiply-adds a second, and costs")
    table.show_header = False
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True, min_width=8)
    table.add_column(style="dim", no_wrap=True)
    for kind, rates in ceilings.arithmetic.items():
        for dtype, rate in rates.items():
            ends = f"({units.quantity(rate.low)} to {units.quantity(rate.high)})"
            table.add_row(Text(plain(f"{dtype}, {NAMES[kind]}")), units.quantity(rate.mid), ends)
    names = COSTS_CPU if ceilings.environment.get("device") == "cpu" else COSTS
    for kind, rate in ceilings.costs.items():
        ends = f"({units.seconds(rate.low)} to {units.seconds(rate.high)})"
        table.add_row(names[kind], units.seconds(rate.mid), ends)
    return table


def _opinions(ceilings: Ceilings) -> Iterator[Text]:
    """One line per other tool, with the difference; where there is none, that."""
    from opbench.ceilings.external_tools import INSTALLABLE

    if not ceilings.opinions:
        wanted = INSTALLABLE.get(str(ceilings.environment.get("device")), "")
        yield Text(f"no second opinion: none of the tools is installed, such as {wanted}", style="yellow")
    for name, rate in ceilings.opinions.items():
        ours = list(ceilings.bandwidth[name.partition(":")[0]].values())[-1]
        apart = rate / ours.mid - 1
        covered = "within" if ours.covers(rate) else "outside"
        side = "above" if apart > 0 else "below"
        text = f"{name}: {units.quantity(rate)}B/s, {100 * abs(apart):.0f} % {side} ours, {covered} its interval"
        yield Text(text)
