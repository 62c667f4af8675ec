"""Each kind of device as it was expected from the others, for the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from opbench.ceilings.cross_device import DevicePair
from opbench.ceilings.prediction_error import PredictionError, prediction_errors
from opbench.cli.plain import plain
from reports.data import units
from reports.data.predictions import ALL, chosen_text, quartiles_text


def cross_device_table(pairs: Sequence[DevicePair]) -> Group:
    """Print by pair and backend how far off, and what became of the backends that one would have chosen."""
    return Group(*(part for pair in pairs for part in _of_pair(pair)))


def _of_pair(pair: DevicePair) -> Iterator[Text | Table]:
    yield Text(plain(f"{pair.target} expected from {pair.source}"), style="bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("backend")
    for column in ("cases", "off by", "at worst", "expected over measured (quartiles)", "unscaled, off by"):
        table.add_column(column, justify="right")
    for backend, error in sorted(prediction_errors(pair.predictions).items()):
        table.add_row(Text(plain(backend or ALL)), *_figures(error))
    yield table
    yield Text(f"{chosen_text(pair.predictions)}\n")


def _figures(error: PredictionError) -> Iterator[str]:
    yield str(error.cases)
    yield units.factor(error.typical)
    yield units.factor(error.worst)
    yield quartiles_text(error)
    yield "" if error.unscaled is None else units.factor(error.unscaled)
