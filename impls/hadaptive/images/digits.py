"""The handwritten digits that come with scikit-learn: 1797 images of 8x8 in ten classes, no download.

They are enlarged, bilinearly, to 32x32, the smallest that Hadaptive-Net-S takes; its stem divides edges by 4 and so
works at the resolution the digits really have. A fifth, 360 images drawn alike from every class, is kept for testing.
The split is the same for every seed. Writers are not kept apart: scikit-learn does not say who wrote what.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad
from torch.utils.data import Dataset

from impls.hadaptive.images.data import DataSet
from opbench.errors import MachineError

NATIVE_EDGE = 8
TESTED = 360


class Shifted(Dataset[tuple[Tensor, int]]):
    """The images, each moved by up to `most` pixels along both axes every time it is read; what enters is background.

    images: (N, C, H, W).
    labels: (N,) int64.
    background: the value of an empty pixel.
    """

    def __init__(self, images: Tensor, labels: Tensor, most: int, background: float) -> None:
        self.labels, self.most, self.edges = labels.tolist(), most, images.shape[2:]
        self.padded = pad(images, (most, most, most, most), value=background)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, at: int) -> tuple[Tensor, int]:
        top, left = torch.randint(2 * self.most + 1, (2,)).tolist()
        height, width = self.edges
        return self.padded[at, :, top : top + height, left : left + width], self.labels[at]


class Labelled(Dataset[tuple[Tensor, int]]):
    """The images as they are. images: (N, C, H, W); labels: (N,) int64."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels.tolist()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, at: int) -> tuple[Tensor, int]:
        return self.images[at], self.labels[at]


def load(root: Path, edge: int) -> DataSet:
    """Digits of `edge` pixels, mean 0 and deviation 1 over the training images; `root` is not looked at.

    Training images move by up to one native pixel. Raises MachineError without scikit-learn.
    """
    del root
    images, labels = read()
    images = interpolate(images, size=(edge, edge), mode="bilinear", align_corners=False)
    training, testing = split(labels)
    deviation, mean = torch.std_mean(images[training])
    images, background = (images - mean) / deviation, float(-mean / deviation)
    moved = Shifted(images[training], labels[training], edge // NATIVE_EDGE, background)
    test = Labelled(images[testing], labels[testing])
    return DataSet("digits", tuple("0123456789"), 1, edge, moved, test)


def read() -> tuple[Tensor, Tensor]:
    """All images, (1797, 1, 8, 8) float32 from 0 to 1, and labels, (1797,) int64.

    Raises MachineError without scikit-learn.
    """
    try:
        bundled = import_module("sklearn.datasets").load_digits()
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] != "sklearn":
            raise
        raise MachineError(
            "scikit-learn is not installed, and the digits come with it; "
            "install scikit-learn, or take other images where the command has a choice"
        ) from exc
    images = torch.from_numpy(bundled.images).float()[:, None] / 16
    return images, torch.from_numpy(bundled.target).long()


def split(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Positions of training and of test images, (1437,) and (360,) int64 of `read`'s labels; always the same."""
    chosen = import_module("sklearn.model_selection").train_test_split
    training, testing = chosen(range(len(labels)), test_size=TESTED, random_state=0, stratify=labels.numpy())
    return torch.tensor(training), torch.tensor(testing)
