"""Runs held against each other as one self-contained HTML page: what changed most first, nothing loaded."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import TYPE_CHECKING

from opbench.custom.difference import ratio_cells
from reports.layout.scripts import COMMON
from reports.layout.templates import filled_page

if TYPE_CHECKING:
    from opbench.custom.difference import Difference, Row
    from opbench.vocabulary.interval import Interval

SCRIPTS = (*COMMON, "simple_page")

REACH = 2.0
"""The ratio at either end of a row's scale; what lies beyond stands at the end."""


ABOUT = (
    "Median latency of each case of this run over that of the other; below 1 this run is faster. A case is decided "
    "where its 95 % interval leaves 1 out."
)


def render(here: str, differences: Mapping[str, Difference], about: str = ABOUT) -> str:
    """Write the page of the run `here` against each of the others, by their folders. about: what the ratios are."""
    parts = [(there, difference, [_row(row) for row in difference.rows]) for there, difference in differences.items()]
    return filled_page("difference.html.jinja", SCRIPTS, here=here, about=about, parts=parts, text=interval_text)


def interval_text(ratio: Interval | None) -> str:
    """`0.912 [0.900, 0.925]`, or `-` where there is none."""
    return " ".join(ratio_cells(ratio)).rstrip()


def _row(row: Row) -> dict[str, object]:
    return {
        "case": row.case,
        "ratio": interval_text(row.ratio),
        "verdict": row.reason or row.verdict,
        "kind": row.verdict.replace(" ", "-"),
        "bar": ratio_bar(row.ratio) if row.ratio else None,
    }


def ratio_bar(ratio: Interval) -> dict[str, float]:
    """Where the ratio and its interval stand between 1/REACH and REACH, in percent of that width."""
    low, mid, high = map(_place, (ratio.low, ratio.mid, ratio.high))
    return {"low": low, "mid": mid, "width": max(high - low, 0.5)}


def _place(ratio: float) -> float:
    """Where a ratio stands on a logarithmic scale from 1/REACH to REACH, in percent of its width."""
    return round(100 * min(1.0, max(0.0, 0.5 + log(ratio) / log(REACH) / 2)), 2)
