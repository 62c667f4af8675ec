"""The ablation as a table of text, ours and the paper's columns apart and labelled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from impls.hadaptive.ablation.comparison import Row
from impls.hadaptive.ablation.estimates import in_percent
from impls.hadaptive.ablation.study import Reported, Study
from impls.hadaptive.replacing.cost import Cost

COSTS = ("parameters, M: ours", "paper", "FLOPs, M: ours", "paper", "conv + linear MACs, M")


def markdown(rows: Sequence[Row], study: Study, setting: str | None, costs: Mapping[str, Cost] | None = None) -> str:
    """A Markdown table with what every column is.

    setting: what ours were trained on and how, in words; None where nothing was.
    costs: of every row, where the study has them.
    """
    header = (
        "variant",
        *(() if costs is None else COSTS),
        "ours: test accuracy, %",
        "seeds",
        f"ours minus {study.baseline}, points",
        "paper: CIFAR-100 top-1, %",
        f"paper minus its {study.baseline}",
        "does the paper's direction hold here?",
    )
    cells = [header, *(_cells(row, costs) for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(header))]
    lines = [_line(row, widths) for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join([*_notes(rows, study, setting, costed=costs is not None), "", *lines, "", *_legend(rows, study)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _cells(row: Row, costs: Mapping[str, Cost] | None) -> tuple[str, ...]:
    reported, reported_change = row.reported, row.reported_change_percent
    return (
        row.variant,
        *(() if costs is None else _cost_cells(costs[row.variant], reported)),
        "not trained yet" if row.accuracy is None else in_percent(row.accuracy),
        str(row.seeds),
        "" if row.change is None else in_percent(row.change, "+"),
        "no such row" if reported is None else f"{reported.top1_percent:.2f}",
        "" if reported_change is None else f"{reported_change:+.2f}",
        row.verdict,
    )


def _cost_cells(cost: Cost, reported: Reported | None) -> tuple[str, ...]:
    params, flops = (None, None) if reported is None else (reported.params_m, reported.flops_m)
    return (
        f"{cost.parameters / 1e6:.3f}",
        "" if params is None else f"{params:.2f}",
        f"{cost.twice_thop / 1e6:.1f}",
        "" if flops is None else f"{flops:.0f}",
        f"{cost.macs / 1e6:.1f}",
    )


def _notes(rows: Sequence[Row], study: Study, setting: str | None, *, costed: bool) -> list[str]:
    notes = [] if setting is None else [f"Ours: {setting}; accuracy after the last epoch."]
    if any(row.accuracy is not None and math.isfinite(row.accuracy.high) for row in rows):
        notes.append("Brackets are 95 % intervals over seeds (Student's t); differences are paired by seed.")
    if costed:
        notes += [
            "Parameters and FLOPs: at 100 classes, one image of 224x224. FLOPs as the paper counts them, twice thop's",
            "operations: BatchNorm and means over space are in, products of channels and DySoft are not.",
        ]
    return [
        *notes,
        f"The paper's columns are reported by the paper (arXiv 2505.22226, {study.tables}), not measured here,",
        "and on another data set: only directions can be compared, not sizes.",
    ]


def _legend(rows: Sequence[Row], study: Study) -> list[str]:
    return [f"- {row.variant}: {study.variants[row.variant]}" for row in rows]
