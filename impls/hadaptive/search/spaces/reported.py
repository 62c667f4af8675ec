"""The confidences that the paper reports in Tables 3 and 10 to 12, on CIFAR-100; none of them is measured here."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from impls.hadaptive.search.spaces.tables import TABLES

SOURCE = "reported by the paper (arXiv 2505.22226, table {}), CIFAR-100, not measured here"

TOP1_PERCENT: Mapping[int, float] = {10: 67.55, 11: 67.73, 12: 66.23}
"""Of what each table's search ended with; Table 3 says none."""

Cell = tuple[str, str, str]
"""A candidate's column, as (group, detail), and its confidence as printed, such as ("ACH", "16-3", "68") percent."""


def reported(space: str) -> dict[str, Any] | None:
    """What the paper prints of the search of `space`, as plain data; None where it prints nothing of such a one.

    `table`, its number; `source`; `top1_percent`, None in Table 3; and for every layer of the space, and one more for
    the convolution before the classifier, `channels` of the paper's and `layers`, the candidates' confidences in the
    order of the space, as text in percent ("<0.01" is one), [] where the layer was not searched.
    """
    table = TABLES[space].table if space in TABLES else None
    if table is None:
        return None
    cells = reported_cells(table)
    layers = [[percent for _, _, percent in cells.get(at, ())] for at in range(len(TABLES[space].rows) + 1)]
    network = TABLES[space].network
    channels = [*(layer.channels for layer in network.layers), network.width]
    return {
        "table": table,
        "channels": channels,
        "source": SOURCE.format(table),
        "top1_percent": TOP1_PERCENT.get(table),
        "layers": layers,
    }


@lru_cache(maxsize=1)
def _rows() -> Sequence[Mapping[str, str]]:
    text = files("impls.hadaptive.search.spaces").joinpath("reported_confidences.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def reported_cells(table: int) -> dict[int, list[Cell]]:
    """By layer of the network, from 0, the cells of a table's row from left to right; layers not searched have none."""
    cells: dict[int, list[Cell]] = {}
    for row in _rows():
        if int(row["table"]) == table:
            cells.setdefault(int(row["layer"]), []).append((row["group"], row["detail"], row["percent"]))
    return cells
