"""A run's totals for the command line: a row per backend and setting."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from opbench.cli.plain import plain
from reports.data.totals import Totals


def totals_table(totals: Totals) -> Table:
    """Print a row per backend and setting."""
    table = Table(box=box.SIMPLE_HEAD, caption_justify="left", pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in ("operator", "setting", "backend"):
        table.add_column(name, overflow="fold")
    for name in ("cases", "measured", "medians"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("not measured", overflow="fold")
    for operator, setting, label, tally in totals.rows:
        words = (operator, setting, label, str(tally.cases), str(tally.measured), tally.medians, tally.others)
        table.add_row(*(Text(plain(word)) for word in words))
    if totals.more_rows:
        table.caption = f"{totals.more_rows} more rows"
    return table
