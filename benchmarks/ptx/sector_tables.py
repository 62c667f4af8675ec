"""The tables of docs/ptx.md from results/reference/counts: `python -m benchmarks.ptx.sector_tables` puts them there."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "ptx.md"
COUNTS = ROOT / "results" / "reference" / "counts"
BEGIN, END = "<!-- sectors: begin -->", "<!-- sectors: end -->"
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
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *body))


def tables() -> str:
    """What stands between the markers: our two schedules of the forward product, then the gradients."""
    forward = [row for row in records("gpu_sectors.csv") if row["schedule"] in OURS]
    gradients = records("gpu_gradient_sectors.csv")
    shapes = list(dict.fromkeys(row["shape"] for row in forward))
    of_gradients = list(dict.fromkeys(row["shape"] for row in gradients))
    return f"{table(forward, 'schedule', shapes)}\n\n{table(gradients, 'operation', of_gradients)}"


def with_tables(page: str) -> str:
    """The page with what stands between its markers made anew. Raises ValueError where a marker is missing."""
    before, rest = page[: page.index(BEGIN)], page[page.index(END) :]
    return f"{before}{BEGIN}\n{tables()}\n{rest}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
