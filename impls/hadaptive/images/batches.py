"""Batches of images, in an order that only the seed and the epoch decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from impls.hadaptive.images.data import Images
from opbench.errors import OpbenchError, UsageError

TESTED_AT_ONCE = 4
"""Training batches in a test batch: testing keeps no activations."""


class Batches:
    """(images (B, C, H, W), labels (B,)) over and over; its length is the number of batches.

    Errors that the project raises in a reading process arrive as if raised here.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        try:
            yield from self._loader
        except OpbenchError as exc:
            raise _unwrapped(exc) from None


def shuffled(images: Images, batch: int, seed: tuple[int, int], workers: int) -> Batches:
    """All images once, shuffled by `seed`: that of the training, and the epoch.

    The images left over after the last full batch are left out, others each epoch, because BatchNorm cannot train on
    one image alone. With fewer images than `batch` all are one batch.
    Raises UsageError for fewer than two images.
    """
    count = count_of(images)
    if count < 2:
        raise UsageError(f"{count} training images; expected at least 2, which BatchNorm needs to have a deviation")
    # Workers seed their augmentation from this generator too, and start anew each epoch: ones that live on would
    # keep random states that no checkpoint can hold.
    generator = torch.Generator().manual_seed((seed[0] << 31) + seed[1])
    return Batches(
        DataLoader(images, min(batch, count), shuffle=True, drop_last=True, num_workers=workers, generator=generator)
    )


def in_order(images: Images, batch: int, workers: int) -> Batches:
    """All images once, in their order. Raises UsageError for none."""
    if count_of(images) == 0:
        raise UsageError("no test images; expected at least one")
    generator = torch.Generator().manual_seed(0)  # or the loader would draw from the global one
    return Batches(DataLoader(images, TESTED_AT_ONCE * batch, num_workers=workers, generator=generator))


def count_of(images: Images) -> int:
    """How many there are."""
    return len(images)  # type: ignore[arg-type]  # torch's Dataset does not declare the length it needs


def _unwrapped(exc: OpbenchError) -> OpbenchError:
    """torch appends the other process's traceback to the message, whose last line is what was said there."""
    last = str(exc).strip().splitlines()[-1]
    return type(exc)(last.removeprefix(f"{type(exc).__module__}.{type(exc).__qualname__}: "))
