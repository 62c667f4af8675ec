"""What the tests of training share: images of 64 pixels with a bright square, seen in memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from impls.hadaptive.detection.data.target import Target
from impls.hadaptive.detection.training.loop import DetectorTraining
from impls.hadaptive.detection.training.settings import Settings
from impls.hadaptive.detection.training.sources import DetectionData
from impls.hadaptive.training.progress import Silent

EDGE = 64
FEW = Settings(epochs=3, batch=2, rate=0.01, size=EDGE)


class Squares:
    """Noise with one square, red or green: its class. The last image has none."""

    def __init__(self, count: int, seed: int, *, empty: bool = True) -> None:
        self.classes: tuple[str, ...] = ("red", "green")
        generator = torch.Generator().manual_seed(seed)
        self._pairs = [_drawn(at, at % 2 if at + 1 < count or not empty else None, generator) for at in range(count)]

    @property
    def digest(self) -> str:
        return str([target.boxes.tolist() for _, target in self._pairs])

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, at: int) -> tuple[Tensor, Target]:
        return self._pairs[at]


def _drawn(number: int, label: int | None, generator: torch.Generator) -> tuple[Tensor, Target]:
    image = torch.randint(0, 60, (3, EDGE, EDGE), generator=generator, dtype=torch.uint8)
    x, y = torch.randint(0, EDGE - 24, (2,), generator=generator).tolist()
    boxes = torch.zeros(0, 4)
    if label is not None:
        image[label, y : y + 24, x : x + 24] = 255
        boxes = torch.tensor([[x, y, x + 24, y + 24]], dtype=torch.float32)
    labels = torch.full((len(boxes),), label or 0)
    return image, Target(boxes, labels, number, torch.zeros(len(boxes), dtype=torch.bool))


def squares(train: int = 5, test: int = 3) -> DetectionData:
    return DetectionData("squares", Squares(train, seed=1), Squares(test, seed=2))


def training(settings: Settings = FEW, data: DetectionData | None = None, **changed: Any) -> DetectorTraining:
    given = {"backbone": "hadaptive_net_s", "head": "lite", **changed}
    return DetectorTraining(data=squares() if data is None else data, settings=settings, **given)


def ran(one: DetectorTraining, epochs: int | None = None) -> DetectorTraining:
    """After so many more epochs, or all that are left."""
    for _, _ in zip(range(one.settings.epochs if epochs is None else epochs), one.run(Silent()), strict=False):
        pass
    return one
