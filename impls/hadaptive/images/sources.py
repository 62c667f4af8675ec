"""The data sets, by the names that `--data` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from impls.hadaptive.images import digits, photos, pictures
from impls.hadaptive.images.data import DataSet
from opbench.errors import UsageError, unknown


@dataclass(frozen=True)
class Source:
    """How to get a data set, and what to train it with where nothing else is asked for."""

    about: str
    load: Callable[[Path, int], DataSet]
    """From a folder and an image edge in pixels. Imports the libraries that it needs."""
    edge: int
    epochs: int


SOURCES: Mapping[str, Source] = {
    "digits": Source("1797 handwritten digits, embedded in scikit-learn", digits.load, edge=32, epochs=30),
    "photos": Source("crops of seven photographs, embedded in other libraries", photos.load, edge=96, epochs=30),
    "cifar100": Source("CIFAR-100 in ROOT/cifar-100-python", pictures.cifar100, edge=224, epochs=200),
    "imagenet": Source("ImageNet-1k in ROOT", pictures.imagenet, edge=224, epochs=200),
    "folder": Source("images in ROOT/train/CLASS and ROOT/val/CLASS", pictures.folder, edge=224, epochs=200),
}
"""224 pixels and 200 epochs, those of the last three, are the paper's (section 5.3)."""


def source(name: str) -> Source:
    """Raises UsageError for an unknown name, listing those that exist."""
    if name not in SOURCES:
        raise unknown("data set", name, SOURCES)
    return SOURCES[name]


def load(name: str, root: Path, edge: int | None = None) -> DataSet:
    """The data set called `name`, in images of `edge` pixels (its own choice where None).

    Raises UsageError for an unknown name and an edge below 1; MachineError where its files or its library are absent.
    """
    chosen_source = source(name)
    edge = chosen_source.edge if edge is None else edge
    if edge < 1:
        raise UsageError(
            f"an image edge of {edge} pixels; expected at least 1, for {name} usually {chosen_source.edge}"
        )
    return chosen_source.load(root, edge)
