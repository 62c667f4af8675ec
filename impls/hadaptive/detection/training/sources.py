"""What a detector is trained and tested on, by the names that `--data` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from impls.hadaptive.detection.data.coco import CocoDetection
from impls.hadaptive.detection.data.made import made_folder, made_set, read_made
from impls.hadaptive.detection.training.batches import Examples
from opbench.errors import UsageError, unknown


@dataclass(frozen=True)
class DetectionData:
    """Images to train on and images to test on, with the same classes. Raises UsageError for others."""

    name: str
    train: Examples
    test: Examples

    def __post_init__(self) -> None:
        if self.train.classes != self.test.classes:
            raise UsageError(
                f"{self.name}: {len(self.train.classes)} classes to train on and {len(self.test.classes)} to test on, "
                "which differ; expected the same in both"
            )

    @property
    def classes(self) -> tuple[str, ...]:
        return self.train.classes

    @property
    def described(self) -> str:
        """Such as "made (8 classes, 300 images, 100 tested)"."""
        return f"{self.name} ({len(self.classes)} classes, {len(self.train)} images, {len(self.test)} tested)"


MADE_SEED = 0
"""Of the made images, the same whatever the training's seed is."""


def made(_: Path, images: int, tested: int) -> DetectionData:
    """Digits and photographs pasted on photographs, made once and kept in the cache folder."""
    train, test = (
        read_made(made_set(made_folder(), count, MADE_SEED, split))
        for count, split in ((images, "train"), (tested, "val"))
    )
    return DetectionData("made", train, test)


def coco(root: Path, _: int, __: int) -> DetectionData:
    """COCO 2017 as it is unpacked: train2017, val2017 and annotations in `root`."""
    train, test = (
        CocoDetection(root / split, root / "annotations" / f"instances_{split}.json")
        for split in ("train2017", "val2017")
    )
    return DetectionData("coco", train, test)


SOURCES: Mapping[str, Callable[[Path, int, int], DetectionData]] = {"made": made, "coco": coco}
"""From COCO's folder, and from numbers of images to make and to make for the test."""


def load(name: str, root: Path, images: int, tested: int) -> DetectionData:
    """Raises UsageError for an unknown name, MachineError where files are absent; further errors as the loaders."""
    if name not in SOURCES:
        raise unknown("data set", name, SOURCES, "of detection")
    return SOURCES[name](root, images, tested)
