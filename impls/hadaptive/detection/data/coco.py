"""Images and boxes in COCO's form (Lin et al. 2014): its own files, and those that `made` writes in the same form.

COCO 2017 is expected as it is unpacked: `train2017/` and `val2017/` with images, `annotations/instances_*2017.json`.
Nothing is downloaded. Boxes are treated as torchvision's detection references do: what sticks out of the image is cut
off, and what is then of no width or height is left out. How often is counted, and told (`described`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from impls.hadaptive.detection.data import instances
from impls.hadaptive.detection.data.target import Target, Transform
from impls.hadaptive.images.pictures import opened
from opbench.errors import MachineError, UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from impls.hadaptive.detection.data.instances import ImageEntry, Instances

ROUNDED = 0.005
"""Pixels: COCO's boxes have two decimals, and one that sticks out by less does so by rounding only."""


class CocoDetection(Dataset[tuple[Tensor, Target]]):
    """Pairs of an image, (3, H, W) uint8, and what it shows, in the order of the file; images are opened when read.

    images: the folder of image files. annotations: the JSON file. transform: what every pair is put through.
    Images of one channel, and of four, become RGB; images without boxes stay.
    Raises MachineError where the file or the folder is not there; UsageError for annotations that are damaged, that
    name images or categories which are not in the file, or numbers twice. Reading a pair raises MachineError for an
    image that is not there, UsageError for one that is broken or of another size than the file says.
    """

    def __init__(self, images: Path, annotations: Path, transform: Transform | None = None) -> None:
        if not images.is_dir():
            raise MachineError(f"no folder {images}; expected the images that {annotations} is about")
        content = instances.read(annotations)
        _refuse(content, annotations)
        categories = sorted(content.categories, key=lambda entry: entry.id)
        self.images, self.annotations, self.transform = images, annotations, transform
        self.classes: tuple[str, ...] = tuple(entry.name for entry in categories)
        self.category_ids: tuple[int, ...] = tuple(entry.id for entry in categories)
        """Of the classes, as the file numbers them: what COCO's result files want in place of our labels."""
        self.entries: Sequence[ImageEntry] = content.images
        self._boxes = _Boxes(content, self.category_ids)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, at: int) -> tuple[Tensor, Target]:
        image, target = self._image(self.entries[at]), self.target(at)
        return (image, target) if self.transform is None else self.transform(image, target)

    def target(self, at: int) -> Target:
        """What the image there shows, in its own pixels, without opening it. Raises IndexError beyond the last."""
        return self._boxes.target(at, self.entries[at].id)

    def targets(self) -> list[Target]:
        """Of all images."""
        return [self.target(at) for at in range(len(self))]

    @property
    def clipped(self) -> int:
        """Boxes that stuck out of their image and were cut off at its edge."""
        return self._boxes.clipped

    @property
    def degenerate(self) -> int:
        """Boxes left out because they have no width or height inside their image."""
        return self._boxes.degenerate

    @property
    def digest(self) -> str:
        """Of images' names and sizes, classes, boxes, crowds and areas; of no image's pixels."""
        listed = [(entry.id, entry.file_name, entry.width, entry.height) for entry in self.entries]
        return blake2b(repr((listed, self.classes)).encode() + self._boxes.as_bytes(), digest_size=8).hexdigest()

    @property
    def described(self) -> str:
        """Such as "instances.json: 300 images, 1041 boxes, 10 classes; 2 boxes cut off at the image's edge"."""
        said = [f"{self.annotations.name}: {len(self)} images, {self._boxes.count} boxes, {len(self.classes)} classes"]
        if self.clipped:
            said.append(f"{self.clipped} boxes cut off at the image's edge")
        if self.degenerate:
            said.append(f"{self.degenerate} boxes of no area left out")
        return "; ".join(said)

    def _image(self, entry: ImageEntry) -> Tensor:
        path = self.images / entry.file_name
        if not os.path.isfile(path):  # noqa: PTH113  (a Path raises where a name is too long to be one)
            raise MachineError(f"no image {path}, which {self.annotations.name} names; put it there")
        picture = opened(str(path))
        if picture.size != (entry.width, entry.height):
            raise UsageError(
                f"{path} has {picture.width}x{picture.height} pixels and {self.annotations.name} says "
                f"{entry.width}x{entry.height}; boxes of one do not fit the other: replace the file"
            )
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()


class _Boxes:
    """All boxes, sorted by image, cut off at the images' edges, without those that have no area."""

    def __init__(self, content: Instances, category_ids: Sequence[int]) -> None:
        listed = content.annotations
        places = {entry.id: at for at, entry in enumerate(content.images)}
        labels = {number: label for label, number in enumerate(category_ids)}
        owners = np.array([places[entry.image_id] for entry in listed], np.int64)
        sizes = np.array([(entry.width, entry.height) for entry in content.images], np.float64)[owners]
        given = np.array([entry.bbox for entry in listed], np.float64).reshape(-1, 4)
        with np.errstate(over="ignore"):  # far outside, and cut off all the same
            corners = np.concatenate([given[:, :2], given[:, :2] + given[:, 2:]], axis=1)
        inside = np.clip(corners, 0, np.concatenate([sizes, sizes], axis=1))
        boxes = inside.astype(np.float32)
        kept = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        order = np.flatnonzero(kept)[np.argsort(owners[kept], kind="stable")]
        self.degenerate = len(listed) - len(order)
        self.clipped = int((np.abs(inside - corners).max(axis=1, initial=0) > ROUNDED)[kept].sum())
        self.count = len(order)
        self._boxes = torch.from_numpy(boxes[order])
        self._labels = torch.tensor([labels[entry.category_id] for entry in listed], dtype=torch.int64)[order]
        self._crowd = torch.tensor([entry.iscrowd for entry in listed], dtype=torch.bool)[order]
        self._areas = torch.from_numpy(_areas(content, given)[order])
        self._ends = np.searchsorted(owners[order], np.arange(len(content.images) + 1))

    def as_bytes(self) -> bytes:
        columns = (self._boxes, self._labels, self._crowd, self._areas)
        return b"".join(column.numpy().tobytes() for column in columns) + self._ends.tobytes()

    def target(self, at: int, image_id: int) -> Target:
        at = range(len(self._ends) - 1)[at]
        rows = slice(*self._ends[at : at + 2])
        return Target(self._boxes[rows], self._labels[rows], image_id, self._crowd[rows], self._areas[rows])


def _areas(content: Instances, given: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Of the objects; of the whole box where the file does not say."""
    told = [np.nan if entry.area is None else entry.area for entry in content.annotations]
    with np.errstate(over="ignore"):
        return np.where(np.isnan(told), given[:, 2] * given[:, 3], told).astype(np.float32)


def _refuse(content: Instances, path: Path) -> None:
    if not content.images or not content.categories:
        missing = "categories" if content.images else "images"
        raise UsageError(f"{path} has no {missing}; expected at least one, and boxes that refer to them")
    for kind, entries in (
        ("image", content.images),
        ("category", content.categories),
        ("annotation", content.annotations),
    ):
        if (twice := _first_repeated([entry.id for entry in entries])) is not None:
            raise UsageError(f"{path} has the {kind} id {twice} twice; expected each once: number them anew")
    images = {entry.id for entry in content.images}
    categories = {entry.id for entry in content.categories}
    for entry in content.annotations:
        if entry.image_id not in images:
            raise UsageError(_unknown(path, entry.id, "image", entry.image_id, len(images)))
        if entry.category_id not in categories:
            raise UsageError(_unknown(path, entry.id, "category", entry.category_id, len(categories)))
    for image in content.images:
        name = PurePosixPath(image.file_name)
        if name.is_absolute() or ".." in name.parts or not name.parts or "\0" in image.file_name:
            raise UsageError(f"{path} names the image file {image.file_name!r:.200}; expected a path inside the folder")


def _unknown(path: Path, annotation: int, kind: str, number: int, count: int) -> str:
    return f"{path}: annotation {annotation} is of {kind} {number}, which is none of the file's {count}; correct it"


def _first_repeated(numbers: Sequence[int]) -> int | None:
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            return number
        seen.add(number)
    return None
