"""Two runs held against each other, as a notebook shows them: a row a case, its ratio drawn between half and twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from opbench.custom.difference import ratio_cells
from reports.pages.difference_page import interval_text, ratio_bar
from reports.pages.notebook_parts import FASTER, SLOWER, small_print, table

if TYPE_CHECKING:
    from opbench.custom.difference import Difference, Row

WORDS = frozenset({"case", "half to twice", "verdict"})
COLOURS = {"faster": FASTER, "slower": SLOWER}
WIDE, HIGH = 160, 14


def html_difference(difference: Difference) -> str:
    """What changed most comes first; below the table what else differs and what such ratios are worth."""
    rows = [
        (row.case, *ratio_cells(row.ratio), _bar(row), _coloured(row.reason or row.verdict, row))
        for row in difference.rows
    ]
    mean = f"geometric mean {interval_text(difference.geometric_mean)}"
    head = ("case", "ratio", f"{difference.level} interval", "half to twice", "verdict")
    told = small_print([mean, *difference.circumstances, *difference.alone, difference.advice])
    return str(table(head, rows, WORDS) + told)


def _coloured(text: str, row: Row) -> Markup:
    return Markup('<span style="color:{}">{}</span>').format(COLOURS.get(row.verdict, "inherit"), text)


def _bar(row: Row) -> Markup:
    """A line at 1, the interval and the ratio."""
    if row.ratio is None:
        return Markup("")
    place = {name: percent / 100 * WIDE for name, percent in ratio_bar(row.ratio).items()}
    middle = HIGH / 2
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}">'
        '<path d="M{one} 0V{h}" stroke="currentColor" stroke-opacity="0.4"/>'
        '<rect x="{low:.1f}" y="{top}" width="{width:.1f}" height="3" fill="{colour}" fill-opacity="0.6"/>'
        '<circle cx="{mid:.1f}" cy="{y}" r="4" fill="{colour}"/></svg>'
    ).format(
        w=WIDE,
        h=HIGH,
        one=WIDE / 2,
        y=middle,
        top=middle - 1.5,
        colour=COLOURS.get(row.verdict, "currentColor"),
        **place,
    )
