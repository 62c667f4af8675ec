"""What the comparison of fusions found, as records: made by `views`, shown by `view_tables`, drawn by `reports`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from impls.fusion.options import unwritable


@dataclass(frozen=True)
class Scored:
    """One training and one test. trained, tested: deviations of the noise in the second view, in those of a pixel.

    accuracy: of test images, 0 to 1.
    """

    task: str
    fusion: str
    parameters: int
    rate: float
    steps: int
    trained: float
    tested: float
    seed: int
    accuracy: float


def write(path: Path, results: Iterable[Scored]) -> None:
    """CSV, a line for each. Raises MachineError where the file cannot be written."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(field.name for field in fields(Scored))
            writer.writerows(astuple(result) for result in results)
    except OSError as exc:
        raise unwritable(path, exc) from exc


def by_seed(results: Iterable[Scored], task: str, fusion: str, trained: float, tested: float) -> dict[int, float]:
    """Accuracies."""
    asked = task, fusion, trained, tested
    return {one.seed: one.accuracy for one in results if (one.task, one.fusion, one.trained, one.tested) == asked}


def conditions(results: Sequence[Scored], task: str) -> list[tuple[float, float]]:
    """Noises of training and test: first those where both are the same, then those of a training without noise."""
    found = {(one.trained, one.tested) for one in results if one.task == task}
    return sorted(found, key=lambda pair: (pair[0] != pair[1], pair[1]))
