"""The tables of docs/ptx.md from results/reference/counts: `python -m benchmarks.ptx.sector_tables` puts them there."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "ptx.md"
COUNTS = ROOT / "results" / "reference" / "counts"
BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"
OURS = "blocked", "flat"

Record = dict[str, str]


def records(name: str) -> list[Record]:
    """The rows of one CSV of COUNTS, by column name."""
    with (COUNTS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table(rows: Iterable[Record], key: str, shapes: Iterable[str]) -> str:
    """Markdown: a line for each backend, value of column `key` and dtype; a cell for each shape, written / read."""
    chosen = list(shapes)
    cells: dict[tuple[str, str, str], Record] = {}
    for row in rows:
        line = cells.setdefault((row["backend"], row[key], row["dtype"]), {})
        line[row["shape"]] = f"{float(row['written']):.2f} / {float(row['read']):.2f}"
    head = ["backend", key, "dtype", *chosen]
    body = [[*names, *(line[shape] for shape in chosen)] for names, line in cells.items()]
    return _markdown(head, body)


def summary(rows: Iterable[Record]) -> str:
    """Markdown: a line for each backend and schedule; by dtype, what is written and read: the median over all points,
    then the worst and where that was.
    """
    found: dict[tuple[str, str], dict[tuple[str, str], list[tuple[float, str]]]] = {}
    for row in rows:
        columns = found.setdefault((row["backend"], row["schedule"]), {})
        for way in ("written", "read"):
            columns.setdefault((row["dtype"], way), []).append((float(row[way]), _place(row)))
    heads = list(dict.fromkeys(column for columns in found.values() for column in columns))
    body = [[*names, *(_middle_and_worst(columns[head]) for head in heads)] for names, columns in found.items()]
    return _markdown(["backend", "schedule", *(f"{dtype} {way}" for dtype, way in heads)], body)


def _middle_and_worst(ratios: list[tuple[float, str]]) -> str:
    worst, place = max(ratios, key=lambda one: one[0])
    middle = median(ratio for ratio, _ in ratios)
    return f"{middle:.2f}; {worst:.2f}" + (f" at {place}" if worst > middle else "")


def _place(row: Record) -> str:
    """`2x5x7x7`, and of a selection `2x11x7x7 (5)`."""
    shape = f"{row['batch']}x{row['channels']}x{row['edge']}x{row['edge']}"
    return shape if row["selected"] == "0" else f"{shape} ({row['selected']})"


def _markdown(head: list[str], body: Iterable[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *body))


def tables() -> str:
    """What stands between the first markers: our two schedules of the forward product, then the gradients."""
    forward = [row for row in records("gpu_sectors.csv") if row["schedule"] in OURS]
    gradients = records("gpu_gradient_sectors.csv")
    shapes = list(dict.fromkeys(row["shape"] for row in forward))
    of_gradients = list(dict.fromkeys(row["shape"] for row in gradients))
    return f"{table(forward, 'schedule', shapes)}\n\n{table(gradients, 'operation', of_gradients)}"


def with_tables(page: str) -> str:
    """The page with what stands between its markers made anew. Raises ValueError where a marker is missing."""
    for name, made in (("sectors", tables()), ("points", summary(records("gpu_sector_points.csv")))):
        begin, end = BEGIN.format(name), END.format(name)
        page = f"{page[: page.index(begin)]}{begin}\n{made}\n{page[page.index(end) :]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
