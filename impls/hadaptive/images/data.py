"""What is trained on: two sets of images that say their own classes, channels and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor
from torch.utils.data import Dataset

from opbench.errors import UsageError

Images: TypeAlias = Dataset[tuple[Tensor, int]]
"""Pairs of an image, (channels, edge, edge) float32, and its class, 0 to classes - 1; it has a length.

Augmentation draws from PyTorch's global generator, so that a seed and a checkpoint fix it too.
"""


@dataclass(frozen=True)
class DataSet:
    """Images to train on and images to test on. Raises UsageError for fewer than two classes."""

    name: str
    classes: tuple[str, ...]
    channels: int
    edge: int
    """Of every image, in pixels."""
    train: Images
    test: Images

    def __post_init__(self) -> None:
        if len(self.classes) < 2:
            raise UsageError(f"{self.name} has {len(self.classes)} classes; expected at least 2 to tell apart")

    @property
    def described(self) -> str:
        """Such as "digits (10 classes, 1x32x32)"."""
        return f"{self.name} ({len(self.classes)} classes, {self.channels}x{self.edge}x{self.edge})"
