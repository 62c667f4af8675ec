"""Why cells of a plane are grey, in a sentence: the same reason is said once, with the number of its cells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from opbench.vocabulary.record import Measured, Record
from reports.data.naming import counted
from reports.data.planes import Cell
from reports.data.problems import headline, reason
from reports.layout.mosaic import Tiles

MOST_REASONS = 3

LONGEST = 120
"""Letters of a reason in a caption; the page lists the whole with the results."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def absences(drawn: Sequence[Tiles], labels: Sequence[str]) -> str:
    """Write `Grey, no comparison: 7 cells (both unavailable: no compiler).` "" where no cell is grey.

    Reasons that differ only in numbers (how much memory was missing) count as one.
    """
    cells: dict[str, set[tuple[int, Cell]]] = defaultdict(set)
    labels_of: dict[str, dict[str, None]] = defaultdict(dict)
    texts: dict[str, str] = {}
    for number, tiles in enumerate(drawn):
        for cell in tiles.grey:
            for label in labels:
                text = _why(tiles.plane.asked.get(cell, {}).get(label))
                kind = _NUMBER.sub("#", text)
                if text:
                    texts.setdefault(kind, text)
                    labels_of[kind][label] = None
                    cells[kind].add((number, cell))
    total = sum(len(tiles.grey) for tiles in drawn)
    if not total:
        return ""
    kinds = sorted(texts, key=lambda kind: -len(cells[kind]))
    count = {kind: f"{counted(len(cells[kind]), 'cell')}, " if len(texts) > 1 else "" for kind in kinds}
    parts = [f"{count[kind]}{_whose(list(labels_of[kind]), labels)} {texts[kind]}" for kind in kinds]
    rest = [f"{len(parts) - MOST_REASONS} more reasons"] if len(parts) > MOST_REASONS else []
    return f" Grey, no comparison: {counted(total, 'cell')} ({'; '.join(parts[:MOST_REASONS] + rest)})."


def _why(record: Record | None) -> str:
    """Why the case has no latency; nothing for a measurement."""
    if record is None:
        return "without a record"
    if isinstance(record.outcome, Measured):
        return ""
    text = " ".join(reason(record.outcome).split())
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return f"{headline(record.outcome)}: {text}"


def _whose(whose_labels: Sequence[str], every_label: Sequence[str]) -> str:
    if len(whose_labels) == len(every_label):
        return "both" if len(every_label) == 2 else "all"
    return ", ".join(whose_labels) if len(whose_labels) <= 3 else f"{len(whose_labels)} backends"
