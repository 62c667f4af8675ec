"""Trainings that are finished, by backbone, and what the paper reports of each: the rows of table 6."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from impls.hadaptive.ablation.estimates import in_percent
from opbench.errors import UsageError, first_line
from opbench.store.files import write_whole
from opbench.vocabulary.student import mean_interval

if TYPE_CHECKING:
    from impls.hadaptive.detection.training.loop import DetectorTraining

FILE = "result.json"


@dataclass(frozen=True)
class Result:
    """Of one training; figures are those of the last epoch's test. Raises ValueError for one outside 0 to 1."""

    backbone: str
    head: str
    data: str
    epochs: int
    batch: int
    rate: float
    size: int
    """Edge of the images in pixels."""
    seed: int
    map_50: float
    map_50_95: float
    mean_iou: float
    """As `evaluation.operating_point` defines it."""
    processor_seconds: float
    """Of training and testing, all threads together."""

    def __post_init__(self) -> None:
        for name in ("map_50", "map_50_95", "mean_iou"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 to 1")

    @property
    def row(self) -> tuple[str, str, str, int, int, float, int]:
        """What trainings that differ by their seed alone have in common."""
        return self.backbone, self.head, self.data, self.epochs, self.batch, self.rate, self.size


@dataclass(frozen=True)
class Reported:
    """What the paper says of a backbone, on COCO; not measured here. It does not say what its mIOU is."""

    name: str
    map_percent: float
    miou_percent: float


@lru_cache(maxsize=1)
def reported() -> Mapping[str, Reported]:
    """Table 6 by our names of its backbones."""
    text = (files("impls.hadaptive.detection") / "reported.csv").read_text(encoding="utf-8")
    return {row["backbone"]: _reported(row) for row in csv.DictReader(text.splitlines())}


def result_of(training: DetectorTraining) -> Result:
    """Of a training that went to its end."""
    last, settings = training.history[-1], training.settings
    assert last.map_50 is not None
    assert last.map_50_95 is not None
    assert last.mean_iou is not None
    return Result(
        training.backbone,
        training.head,
        training.data.described,
        settings.epochs,
        settings.batch,
        settings.rate,
        settings.size,
        settings.seed,
        last.map_50,
        last.map_50_95,
        last.mean_iou,
        sum(epoch.processor_seconds for epoch in training.history),
    )


def write(result: Result, folder: Path) -> None:
    write_whole(folder / FILE, msgspec.json.encode(result))


def read(folder: Path) -> list[Result]:
    """Of all trainings in folders of `folder`, by row and seed.

    Raises UsageError for none, for a broken file, and for two trainings that differ in nothing, seed included.
    """
    found: dict[tuple[Any, ...], tuple[Result, Path]] = {}
    for path in sorted(folder.glob(f"*/{FILE}")):
        one = _read(path)
        _, before = found.setdefault((*one.row, one.seed), (one, path))
        if before is not path:
            raise UsageError(
                f"{before.parent} and {path.parent} are the same training with the same seed {one.seed}; a mean is "
                "over different seeds: remove one of the two"
            )
    if not found:
        raise UsageError(f"no finished training in {folder}; expected folders with {FILE}, as the command train leaves")
    return [found[key][0] for key in sorted(found)]


def markdown(results: Sequence[Result]) -> str:
    """A row for each backbone, head, data and recipe; brackets are 95 % intervals over seeds (Student's t)."""
    head = (
        "| backbone | head | seeds | mAP@0.5, % | mAP@[0.5:0.95], % | mean IoU, % | processor s a seed "
        "| reported by the paper, COCO: mAP, % | mIOU, % |"
    )
    lines = [_line(rows) for rows in _rows(results)]
    settings = sorted({(one.data, one.epochs, one.batch, one.rate, one.size) for one in results})
    said = [
        f"{data}; {epochs} epochs, batch {batch}, rate {rate:g}, {size} pixels"
        for data, epochs, batch, rate, size in settings
    ]
    return "\n".join([*said, "", head, "|---" * 9 + "|", *lines])


def as_csv(results: Iterable[Result]) -> str:
    """A line for each training, with the names of `Result`'s fields above."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [one.name for one in fields(Result)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(one) for one in results)
    return text.getvalue()


def _rows(results: Sequence[Result]) -> list[list[Result]]:
    return [[one for one in results if one.row == row] for row in dict.fromkeys(one.row for one in results)]


def _line(rows: Sequence[Result]) -> str:
    first, paper = rows[0], reported().get(rows[0].backbone)
    figures = (
        in_percent(mean_interval(values))
        for values in ([one.map_50 for one in rows], [one.map_50_95 for one in rows], [one.mean_iou for one in rows])
    )
    seconds = sum(one.processor_seconds for one in rows) / len(rows)
    beside = ("", "") if paper is None else (f"{paper.map_percent}", f"{paper.miou_percent}")
    cells = (first.backbone, first.head, str(len(rows)), *figures, f"{seconds:.0f}", *beside)
    return f"| {' | '.join(cells)} |"


def _read(path: Path) -> Result:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Result)
    except (OSError, RecursionError, msgspec.MsgspecError) as exc:
        raise UsageError(f"{path} is no result of a training ({first_line(exc)}); train again, or remove it") from exc


def _reported(row: Mapping[str, Any]) -> Reported:
    return Reported(row["name"], float(row["map_percent"]), float(row["miou_percent"]))
