"""What a detector is trained and tested on, by the names that `--data` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impls.hadaptive.detection.data.coco import CocoDetection
from impls.hadaptive.detection.data.made import made_folder, made_set, read_made
from impls.hadaptive.detection.data.scene import Difficulty
from impls.hadaptive.detection.training.batches import Examples
from impls.hadaptive.detection.training.settings import LAST_RATE, RATE, RATED_BATCH, Settings
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
    def digest(self) -> str:
        """Of the annotations of both."""
        return f"{self.train.digest} {self.test.digest}"

    @property
    def described(self) -> str:
        """Such as "made (8 classes, 300 images, 100 tested)"."""
        return f"{self.name} ({len(self.classes)} classes, {len(self.train)} images, {len(self.test)} tested)"


MADE_SEED = 0
"""Of the made images, the same whatever the training's seed is."""
CLASSES, DIFFICULTY = ("cat", "cup", "face", "motorcycle", "0", "4"), Difficulty((3, 8), (40, 160), 10.0, 0.9)
"""What a detector learns from scratch in minutes of two cores: three objects that are one photograph each, faces and
two digits that differ between training and test, many an image, because each is as good as another image and costs
nothing."""


def made(images: int, tested: int) -> DetectionData:
    """Digits and photographs pasted on photographs, made once and kept in the cache folder."""
    train, test = (
        read_made(made_set(made_folder(), count, MADE_SEED, split, classes=CLASSES, difficulty=DIFFICULTY))
        for count, split in ((images, "train"), (tested, "val"))
    )
    return DetectionData("made", train, test)


def coco(root: Path) -> DetectionData:
    """COCO 2017 as it is unpacked: train2017, val2017 and annotations in `root`."""
    train, test = (
        CocoDetection(root / split, root / "annotations" / f"instances_{split}.json")
        for split in ("train2017", "val2017")
    )
    return DetectionData("coco", train, test)


@dataclass(frozen=True)
class Source:
    """How to get a data set, and what to train on it with where nothing else is asked for."""

    load: Callable[..., DetectionData]
    """Of the options that it takes: COCO's folder, or numbers of images to make and to make for the test."""
    options: Mapping[str, Any]
    """Those, each with what it is where nothing is asked for."""
    head: str
    epochs: int
    batch: int
    rate: float
    every: int
    """Epochs between two tests."""

    def settings(self, epochs: int | None, batch: int | None, rate: float | None, seed: int, size: int) -> Settings:
        """With these, and its own where None: its rate scaled by the batch. Raises UsageError as Settings."""
        batch = self.batch if batch is None else batch
        scaled = max(LAST_RATE, self.rate * batch / self.batch)
        return Settings(
            self.epochs if epochs is None else epochs, batch, scaled if rate is None else rate, seed=seed, size=size
        )


SOURCES: Mapping[str, Source] = {
    "made": Source(made, {"images": 200, "tested": 60}, head="lite", epochs=16, batch=4, rate=0.02, every=4),
    "coco": Source(coco, {"root": Path("data")}, head="dense", epochs=120, batch=RATED_BATCH, rate=RATE, every=5),
}
"""COCO's is the paper's recipe (sections 5.4 and A.4). Scaled to four images a step its rate is 0.00125, which is made
for 120 epochs of 118,000 images; on 200 made ones Hadaptive-Net-S with 0.02 has a mAP@0.5 of 46 to 57 %.
"""


def source(name: str) -> Source:
    """Raises UsageError for an unknown name, listing those that exist."""
    if name not in SOURCES:
        raise unknown("data set", name, SOURCES, "of detection")
    return SOURCES[name]


def load(name: str, **asked: object) -> DetectionData:
    """asked: by option, None where it was not given.

    Raises UsageError for an unknown name and for an option that is not the source's, MachineError where files are
    absent; further errors as the loaders.
    """
    chosen, given = source(name), {option: value for option, value in asked.items() if value is not None}
    for option, value in given.items():
        if option not in chosen.options:
            takes = ", ".join(f"--{one}" for one in chosen.options)
            raise UsageError(f"--{option} {value}: {name} has no use for it, and takes {takes}; leave it out")
    return chosen.load(**{**chosen.options, **given})
