"""The ablation as a table of text, ours and the paper's columns apart and labelled."""

from __future__ import annotations

from collections.abc import Sequence

from impls.hadaptive.ablation.comparison import VARIANTS, Row
from impls.hadaptive.ablation.estimates import in_percent

HEADER = (
    "variant",
    "ours: test accuracy, %",
    "seeds",
    "ours minus full, points",
    "paper: CIFAR-100 top-1, %",
    "paper minus its full",
    "does the paper's direction hold here?",
)


def markdown(rows: Sequence[Row], setting: str) -> str:
    """A Markdown table with what every column is. setting: what ours were trained on and how, in words."""
    cells = [HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(HEADER))]
    lines = [_line(row, widths) for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join([*_notes(setting), "", *lines, "", *_legend(rows)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _cells(row: Row) -> tuple[str, ...]:
    reported, reported_change = row.reported, row.reported_change_percent
    return (
        row.variant,
        "not trained yet" if row.accuracy is None else in_percent(row.accuracy),
        str(row.seeds),
        "" if row.change is None else in_percent(row.change, "+"),
        "no such row" if reported is None else f"{reported.top1_percent:.2f}",
        "" if reported_change is None else f"{reported_change:+.2f}",
        row.verdict,
    )


def _notes(setting: str) -> list[str]:
    return [
        f"Ours: {setting}; accuracy after the last epoch.",
        "Brackets are 95 % intervals over seeds (Student's t); differences are paired by seed.",
        "The paper's columns are reported by the paper (arXiv 2505.22226, figure 3 and table 1), not measured here,",
        "and on another data set: only directions can be compared, not sizes.",
    ]


def _legend(rows: Sequence[Row]) -> list[str]:
    return [f"- {row.variant}: {VARIANTS[row.variant].about}" for row in rows]
