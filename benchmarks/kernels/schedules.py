"""Sums up a run of the sweep `grid`: how far each backend's own schedules are ahead of the paper's two, over all cells.

    python -m benchmarks.kernels.schedules                        (the newest run under results/)
    python -m benchmarks.kernels.schedules results/grid/RUN
    python -m benchmarks.kernels.schedules FOLDER                 (the newest below another --results)

Ratios are of the best of our schedules against the better of the paper's, cell by cell. At the end stand the cells in
which another is more than 5 % faster than our best, intervals apart.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from impls.cross_hadamard.kernels import OURS, PUBLISHED
from opbench.store.runs import Run, latest_run
from opbench.vocabulary.interval import Interval, geometric_mean, median_interval
from opbench.vocabulary.record import Measured

Cells = dict[str, dict[str, Interval]]
"""By point: by backend and schedule, the median latency in seconds."""


def cells(run: Run) -> Cells:
    found: Cells = defaultdict(dict)
    for record in run.records():
        if isinstance(record.outcome, Measured):
            found[record.case.point.key][record.case.label] = median_interval(record.outcome.samples_s)
    return dict(found)


def quickest(cell: dict[str, Interval], schedules: tuple[str, ...], stem: str = "") -> Interval | None:
    """The lowest median of these schedules, of one backend or of all."""
    mine = [one for label, one in cell.items() if label.partition(":")[2] in schedules and label.startswith(stem)]
    return min(mine, key=lambda one: one.mid, default=None)


def ahead(found: Cells, stem: str = "") -> list[float]:
    """Per cell, the better published schedule over our better one."""
    both = [(quickest(cell, PUBLISHED, stem), quickest(cell, OURS, stem)) for cell in found.values()]
    return [theirs.mid / ours.mid for theirs, ours in both if theirs and ours]


def over(found: Cells, label: str) -> list[float]:
    """Per cell, another backend over our best."""
    both = [(cell.get(label), quickest(cell, OURS)) for cell in found.values()]
    return [other.mid / ours.mid for other, ours in both if other and ours]


def losing(found: Cells) -> int:
    lost = 0
    for cell in found.values():
        ours = quickest(cell, OURS)
        best = min(cell.values(), key=lambda one: one.mid)
        lost += ours is not None and ours.mid > 1.05 * best.mid and ours.low > best.high
    return lost


def line(what: str, ratios: list[float]) -> None:
    if ratios:
        summary = f"{geometric_mean(ratios):.2f}x geometric mean, {min(ratios):.2f}x at worst"
        print(f"{what:44} {summary}, {max(ratios):.2f}x at best, {len(ratios)} cells")


def main() -> None:
    folder = Path(sys.argv[1] if sys.argv[1:] else "results")
    found = cells(latest_run(folder, "grid") if (folder / "grid").exists() else Run(folder))
    labels = sorted({label for cell in found.values() for label in cell})
    line("our best over the paper's better one", ahead(found))
    for stem in dict.fromkeys(label.partition(":")[0] for label in labels if ":" in label):
        line(f"the same within {stem}", ahead(found, stem))
    for label in (one for one in labels if ":" not in one):
        line(f"our best over {label}", over(found, label))
    print(f"cells in which another is more than 5 % faster than our best: {losing(found)} of {len(found)}")


if __name__ == "__main__":
    main()
