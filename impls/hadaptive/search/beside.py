"""A search's confidences with the paper's in parentheses: the table of a space that the paper has a table of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from impls.hadaptive.search.confidence import Column, columns, percent, table_of_layers
from impls.hadaptive.search.confidence import table as ours_alone


def table(rows: Sequence[Mapping[str, Any]], reported: Mapping[str, Any] | None) -> str:
    """Text: of every layer, ours and in parentheses the paper's; without `reported` as `confidence.table`.

    rows: as `confidence.layers` makes them. reported: as `spaces.reported.reported`, of the same space. `*` marks the
    likeliest of either, `-` what was not searched, `/2` a layer that halves the edge.
    Raises ValueError where the two are not of one space.
    """
    if reported is None:
        return ours_alone(rows)
    heads = columns(rows)
    both = zip(rows, reported["layers"], strict=True)
    return table_of_layers(rows, heads, [_cells(row, papers, heads) for row, papers in both])


def likeliest(papers: Sequence[str]) -> int | None:
    """The place of the paper's highest confidence in a layer, the first of several; None without any."""
    shares = [float(percent.lstrip("<")) for percent in papers]
    return max(range(len(shares)), key=shares.__getitem__) if shares else None


def _cells(row: Mapping[str, Any], papers: Sequence[str], heads: Sequence[Column]) -> Iterator[str]:
    pairs = zip(row["candidates"], papers, strict=True)
    cells = {(one["group"], one["detail"]): (place, one, paper) for place, (one, paper) in enumerate(pairs)}
    best = likeliest(papers)
    for head in heads:
        if head not in cells:
            yield "- "
            continue
        place, one, paper = cells[head]
        marks = ["*" if place == chosen else " " for chosen in (row["chosen"], best)]
        yield f"{percent(one['confidence'])}{marks[0]} ({paper}%{marks[1].strip()})"
