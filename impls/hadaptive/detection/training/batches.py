"""Batches of images with boxes, in an order and with changes that only the seed and the epoch decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

import torch
from torch import Tensor

from impls.hadaptive.detection.data.augmentation import evaluation_transform, training_transform
from opbench.errors import UsageError

if TYPE_CHECKING:
    from impls.hadaptive.detection.data.target import Target

Batch: TypeAlias = "tuple[Tensor, list[Target]]"
"""(B, 3, size, size) float32, 0 to 1, and what each image shows."""


class Examples(Protocol):
    """Images, (3, H, W) uint8 of any size, with their boxes."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def digest(self) -> str:
        """Of what the annotations say: two with the same are the same data."""

    def __len__(self) -> int: ...

    def __getitem__(self, at: int, /) -> tuple[Tensor, Target]: ...


def shuffled(examples: Examples, size: int, batch: int, seed: tuple[int, int]) -> Iterator[Batch]:
    """All images once, changed at random, shuffled by `seed`: that of the training, and the epoch.

    Those left over after the last full batch are left out, others each epoch, because BatchNorm cannot train on one
    image alone. Fewer images than `batch` are one batch.
    """
    generator = torch.Generator().manual_seed((seed[0] << 31) + seed[1])
    change = training_transform(size, generator)
    order = torch.randperm(len(examples), generator=generator).tolist()
    for start in range(0, steps_in(examples, batch) * batch, batch):
        yield _stacked([change(*examples[at]) for at in order[start : start + batch]])


def steps_in(examples: Examples, batch: int) -> int:
    """Batches that `shuffled` makes. Raises UsageError for fewer than two images."""
    if len(examples) < 2:
        raise UsageError(f"{len(examples)} training images; expected at least 2, which BatchNorm needs")
    return max(1, len(examples) // batch)


def in_order(examples: Examples, size: int, batch: int) -> Iterator[Batch]:
    """All images once, as they are, in their order. Raises UsageError for none."""
    if len(examples) == 0:
        raise UsageError("no test images; expected at least one")
    change = evaluation_transform(size)
    for start in range(0, len(examples), batch):
        yield _stacked([change(*examples[at]) for at in range(start, min(start + batch, len(examples)))])


def _stacked(changed: Sequence[tuple[Tensor, Target]]) -> Batch:
    return torch.stack([image for image, _ in changed]) / 255, [target for _, target in changed]
