"""The results as a notebook shows them: the columns of the terminal's table, what all points share, and the figure."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact
from reports.data.naming import common_ground, devices, point_names
from reports.data.record_cells import cells
from reports.pages.notebook_parts import small_print, table

HEAD = ("point", "backend", "median", "95 % interval", "FLOP/s", "B/s", "limit", "note")
WORDS = frozenset({"point", "backend", "note"})


def html_results(records: Sequence[Record], notes: Sequence[str], figures: Sequence[Artifact]) -> str:
    """One row a record; below it its reasons by number, what all of them share and the notes, and the first figure.

    A point is named in the first of its rows. Whatever names and reasons hold, it is text.
    """
    if not records:
        return str(small_print(["no records", *notes]))
    reasons: dict[str, int] = {}
    rows = [_row(point, record, reasons) for point, record in zip(_points(records), records, strict=True)]
    ground = ", ".join(filter(None, [common_ground([record.case.point for record in records]), devices(records)]))
    told = small_print([*(f"({number}) {reason}" for reason, number in reasons.items()), ground, *notes])
    return str(table(HEAD, rows, WORDS) + told + _figure(figures))


def _points(records: Sequence[Record]) -> list[str]:
    """What each record's point is called, and "" where the record above is of the same."""
    points = [record.case.point for record in records]
    name = point_names(points)
    return ["" if number and point == points[number - 1] else name(point) for number, point in enumerate(points)]


def _row(point: str, record: Record, reasons: dict[str, int]) -> tuple[str, ...]:
    row = cells(record)
    notes = [] if row.stopped in {"", "target"} else [row.stopped]
    if row.reason:
        headline, text = ("warning", row.reason) if row.measured else (row.headline, row.reason)
        number = reasons.setdefault(text if row.measured else f"{headline}: {text}", len(reasons) + 1)
        notes.append(f"{headline} ({number})")
    return point, row.backend, row.median, row.interval, row.flops, row.bandwidth, row.limit, ", ".join(notes)


def _figure(figures: Sequence[Artifact]) -> Markup:
    """On a light plate of its own: its letters are dark."""
    if not figures:
        return Markup("")
    drawn = figures[0].data.decode()
    style = "background:#fff;color-scheme:light;border-radius:6px;max-width:max-content;margin-top:0.5em"
    return Markup('<div style="{}">{}</div>').format(style, Markup(drawn[drawn.index("<svg") :]))  # noqa: S704  (drawn by us)
