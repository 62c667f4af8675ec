"""The paper's confidence tables (3, 10 to 12): a row for each layer, a column for each candidate, in percent."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from impls.hadaptive.config import LABELS
from opbench.cli.output import drawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from impls.hadaptive.config import Layer
    from impls.hadaptive.search.space import Candidate, Space

BLANK = "Blank"

FIELDS = ("k", "ratio", "kernel", "norm", "selection", "pointwise", "activation")
"""In the order of a name such as 16-5 (Table 11: chosen channels, then the kernel)."""

NAMES = {"dysoft": "DySoft", "dysig": "DySig", "dyalge": "DyAlge", "dyt": "DyT", "bn": "BN"}

Column = tuple[str, str]
"""A group and what tells its members apart, such as ("ACH", "16-5")."""


def layers(space: Space, confidences: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """The table as plain data: of every layer its channels, stride, candidates, and the place of the likeliest.

    A candidate is {"group", "detail", "confidence"}; a layer that was not searched has none and no likeliest. The last
    row is the 1x1 convolution before the classifier, as in the paper.
    """
    distinguishing = _told_apart(space)
    rows = []
    for place, shares in zip(space.places, confidences, strict=True):
        named = [column(candidate, distinguishing) for candidate in place.candidates] if place.searched else []
        candidates = [
            {"group": group, "detail": detail, "confidence": share}
            for (group, detail), share in zip(named, shares, strict=True)
        ]
        chosen = max(range(len(shares)), key=shares.__getitem__) if candidates else None
        rows.append({"channels": place.channels, "stride": place.stride, "candidates": candidates, "chosen": chosen})
    return [*rows, {"channels": space.width, "stride": 1, "candidates": [], "chosen": None}]


def column(candidate: Candidate, distinguishing: Mapping[type[Layer], Sequence[str]]) -> Column:
    """The column of a candidate, named by those of its fields that are in `told` for its kind."""
    if candidate is None:
        return BLANK, ""
    values = (getattr(candidate, name) for name in distinguishing.get(type(candidate), ()))
    return LABELS[type(candidate)], "-".join(NAMES.get(str(value), str(value)) for value in values)


def _told_apart(space: Space) -> dict[type[Layer], list[str]]:
    """By kind, the fields in which candidates of one layer differ; what is the same for all would only lengthen."""
    distinguishing: dict[type[Layer], list[str]] = {}
    for kind in LABELS:
        names = {field.name for field in dataclasses.fields(kind)}
        distinguishing[kind] = [name for name in FIELDS if name in names and _differs(space, kind, name)]
    return distinguishing


def _differs(space: Space, kind: type[Layer], name: str) -> bool:
    values = ({getattr(layer, name) for layer in place.layers if isinstance(layer, kind)} for place in space.places)
    return any(len(distinct) > 1 for distinct in values)


def columns(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """All columns of a table: group by group, and within one numbers before names, in rising order."""
    found = {(one["group"], one["detail"]) for row in rows for one in row["candidates"]}
    order = [*LABELS.values(), BLANK]
    return sorted(found, key=lambda one: (order.index(one[0]), _rank(one[1])))


def _rank(detail: str) -> list[tuple[float, str]]:
    return [
        (float(part), "") if part.replace(".", "").isdigit() else (float("inf"), part) for part in detail.split("-")
    ]


def percent(share: float) -> str:
    """To the nearest whole percent, as in Tables 10 to 12, with <1% for what would be 0%."""
    return f"{max(1, round(100 * share))}%" if share >= 0.005 else "<1%"


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Text: `*` marks the likeliest, `-` what was not searched, `/2` a layer that halves the edge."""
    heads = columns(rows)
    return table_of_layers(rows, heads, [_cells(row, heads) for row in rows])


def table_of_layers(rows: Sequence[Mapping[str, Any]], heads: Sequence[Column], cells: Iterable[Iterable[str]]) -> str:
    """Text: a line for each layer, with its channels and its cells, one for each head."""
    from rich.table import Table

    layers = Table(box=None, pad_edge=False, padding=(0, 1))
    layers.add_column("\nchannels", no_wrap=True)
    for group, detail in heads:
        layers.add_column(f"{group}\n{detail}", justify="right", no_wrap=True)
    for row, texts in zip(rows, cells, strict=True):
        layers.add_row(f"{row['channels']}{' /2' if row['stride'] > 1 else ''}", *texts)
    return drawn(layers, 1000)


def _cells(row: Mapping[str, Any], heads: Sequence[Column]) -> Iterator[str]:
    at = {(one["group"], one["detail"]): place for place, one in enumerate(row["candidates"])}
    for head in heads:
        if head not in at:
            yield "- "
        else:
            mark = "*" if at[head] == row["chosen"] else " "
            yield f"{percent(row['candidates'][at[head]]['confidence'])}{mark}"
