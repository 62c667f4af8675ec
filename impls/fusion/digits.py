"""The handwritten digits that come with scikit-learn, split anew by every seed: 1797 images of 8x8, ten classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import torch

from impls.hadaptive.images.digits import read

if TYPE_CHECKING:
    from torch import Tensor

EDGE, CLASSES = 8, 10
TESTED, VALIDATED = 360, 360
"""Images of each part, of all classes alike; 1077 are trained on."""


@dataclass(frozen=True)
class Part:
    """x: (seeds, images, 64) float32, rows of pixels one after the other; y: (seeds, images) int64."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Splits:
    """No image of a seed is in two parts. Mean 0 and deviation 1 over all pixels of the seed's training part."""

    training: Part
    validation: Part
    test: Part


def splits(seeds: Sequence[int]) -> Splits:
    """Every seed's own. Raises MachineError without scikit-learn."""
    bundled, labels = read()
    images = bundled.flatten(1)
    places = [_split(labels, seed) for seed in seeds]
    training, validation, test = (torch.stack(part) for part in zip(*places, strict=True))
    deviation, mean = torch.std_mean(images[training], dim=(1, 2), keepdim=True)
    parts = (Part((images[at] - mean) / deviation, labels[at]) for at in (training, validation, test))
    return Splits(*parts)


def _split(labels: Tensor, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Positions of training, validation and test images."""
    chosen = import_module("sklearn.model_selection").train_test_split
    every, classes = list(range(len(labels))), labels.numpy()
    rest, test = chosen(every, test_size=TESTED, random_state=seed, stratify=classes)
    training, validation = chosen(rest, test_size=VALIDATED, random_state=seed, stratify=classes[rest])
    return torch.tensor(training), torch.tensor(validation), torch.tensor(test)
