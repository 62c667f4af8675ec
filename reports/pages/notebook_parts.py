"""What a notebook shows is made of: tables and small print as HTML without scripts, in the notebook's own colours.

Whatever a cell holds is text, unless it is Markup. Nothing names a colour that one of a light and a dark notebook would
hide: lines and marks have the colour of the text around them, and two hues that stand out on both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from markupsafe import Markup

FASTER, SLOWER = "#2f81c7", "#d1483f"
"""At least 4 to 1 against white and against #111111, the usual grounds of notebooks."""


def table(head: Sequence[str], rows: Sequence[Sequence[str | Markup]], words: Collection[str]) -> Markup:
    """A table without the columns that are empty in all rows. words: heads of the columns that are no numbers."""
    shown = [number for number in range(len(head)) if any(row[number] for row in rows)]
    align = {number: "left" if head[number] in words else "right" for number in shown}
    top = Markup("").join(_cell("th", head[number], align[number]) for number in shown)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(_cell("td", row[number], align[number]) for number in shown))
        for row in rows
    )
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(top, body)


def _cell(tag: str, text: str | Markup, align: str) -> Markup:
    return Markup('<{0} style="text-align:{1};white-space:nowrap">{2}</{0}>').format(tag, align, text)


def small_print(lines: Iterable[str]) -> Markup:
    """A line each, smaller than the rest."""
    made = Markup('<div style="max-width:60em;line-height:1.3"><small>{}</small></div>')
    return Markup("").join(made.format(line) for line in lines if line)
