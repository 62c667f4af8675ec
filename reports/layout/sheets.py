"""Which panels share a figure, and how many are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from opbench.vocabulary.record import Record
from reports.data.problems import left_out
from reports.data.series import Panel, Setting

MOST_PANELS = 6

Item = TypeVar("Item")


@dataclass(frozen=True)
class Sheet:
    """The panels of one figure.

    label: what tells the figure from its siblings; "" where it has none.
    records: everything the figure is about, of panels without anything to draw as well.
    undrawn: panels left out only because there are too many.
    """

    label: str
    panels: tuple[Panel, ...]
    records: tuple[Record, ...]
    undrawn: int

    @property
    def setting(self) -> Setting:
        return self.panels[0].setting

    @property
    def remarks(self) -> str:
        """Sentences for the caption on what is not in the figure; "" where everything is."""
        return left_out(self.records) + undrawn(len(self.panels), self.undrawn)


def sheets(panels: Sequence[Panel], drawable: Callable[[Panel], object]) -> list[Sheet]:
    """Make one figure per setting; one per operator too where a setting has more panels than a figure holds.

    A figure without a drawable panel is not made.
    """
    settings = list(dict.fromkeys(panel.setting for panel in panels))
    made_sheets = []
    for setting in settings:
        of_setting = [panel for panel in panels if panel.setting == setting]
        name = str(setting) if len(settings) > 1 else ""
        if sum(bool(drawable(panel)) for panel in of_setting) <= MOST_PANELS:
            made_sheets.append(_sheet(name, of_setting, drawable))
            continue
        for operator, group in groupby(of_setting, key=lambda panel: panel.operator):
            made_sheets.append(_sheet(", ".join(filter(None, (operator, name))), list(group), drawable))
    return [sheet for sheet in made_sheets if sheet.panels]


def _sheet(label: str, of_sheet: Sequence[Panel], drawable: Callable[[Panel], object]) -> Sheet:
    drawable_panels = [panel for panel in of_sheet if drawable(panel)]
    drawn, _ = spread(lines_of(drawable_panels, _positions), MOST_PANELS)
    records = tuple(record for panel in of_sheet for record in panel.records)
    return Sheet(label, tuple(drawn), records, len(drawable_panels) - len(drawn))


def _positions(panel: Panel) -> int:
    return len({panel.position(record) for record in panel.records})


def lines_of(items: Sequence[Item], length: Callable[[Item], int]) -> list[Item]:
    """Keep the items that are lines, or all where none is; length(item) is on how many x positions it has something.

    A grid's crossing planes leave many lone points beside the lines.
    """
    return [item for item in items if length(item) > 1] or list(items)


def spread(items: Sequence[Item], most: int) -> tuple[list[Item], int]:
    """Choose at most `most` of the items, first and last among them; also returns how many were left out."""
    if len(items) <= most:
        return list(items), 0
    steps = [round(i * (len(items) - 1) / (most - 1)) for i in range(most)]
    return [items[step] for step in steps], len(items) - most


def undrawn(drawn: int, rest: int, what: str = "panels") -> str:
    """Write a sentence for a caption on what was left out; "" where nothing was."""
    if not rest:
        return ""
    return f" {drawn} of {drawn + rest} {what} are drawn; all values are in the table."
