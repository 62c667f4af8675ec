"""A set to train detectors on where COCO is not at hand: objects pasted on photographs, in COCO's form, no download.

What is pasted, on what, and what that can show is in `cutouts`, `backgrounds` and `scene`. An image is drawn from the
seed, the split and its own number, so that a set of 100 images is the beginning of one of 300.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from impls.hadaptive.detection.data import instances
from impls.hadaptive.detection.data.backgrounds import backgrounds
from impls.hadaptive.detection.data.coco import CocoDetection
from impls.hadaptive.detection.data.cutouts import CLASSES, cutouts
from impls.hadaptive.detection.data.instances import AnnotationEntry, CategoryEntry, ImageEntry, Instances
from impls.hadaptive.detection.data.scene import Difficulty, Seen, scene
from impls.hadaptive.detection.data.target import SIZE
from opbench.cache import cache_folder, content_digest
from opbench.errors import MachineError, UsageError, unknown

if TYPE_CHECKING:
    import numpy.typing as npt

SHORTEST = 8
"""Pixels of an object's longer edge. Of 680 cut-outs at any angle 137 left no whole pixel at 2, none did at 4."""
SPLITS = ("train", "val")
MADE_CLASSES = ("cat", "coin", "cup", "face", "flower", "horse", "motorcycle", "0", "1", "4")
ANNOTATIONS, IMAGES = "instances.json", "images"
"""In the folder of a set."""


def made_folder() -> Path:
    """Where sets are kept that nobody asked for elsewhere: a folder of the cache."""
    return cache_folder() / "detection"


def made_set(
    folder: Path,
    images: int,
    seed: int,
    split: str,
    *,
    classes: Sequence[str] = MADE_CLASSES,
    difficulty: Difficulty | None = None,
) -> Path:
    """Make images and their annotations below `folder`, or find them there; returns the folder that has both.

    images: how many, 320x320. split: "train" or "val", which share no background's pixel, digit, face or coin.
    classes: what is shown, of `cutouts.CLASSES`, labels in this order. The same arguments make the same bytes with the
    same Pillow, NumPy and libraries of photographs. The folder appears when it is whole; one without annotations is
    made again.
    Raises UsageError for arguments that make no set, MachineError where it cannot write or a library is missing.
    """
    asked = _Asked(images, seed, split, tuple(classes), difficulty or Difficulty())
    _refuse(asked)
    at = folder / f"made-{split}-{images}-{content_digest(asdict(asked))}"
    if not (at / ANNOTATIONS).is_file():
        try:
            _put(at, asked)
        except OSError as exc:
            raise MachineError(f"cannot write images to {at} ({exc.strerror}); name another folder") from exc
    return at


def read_made(at: Path) -> CocoDetection:
    """The set in a folder that `made_set` returned. Raises as CocoDetection does."""
    return CocoDetection(at / IMAGES, at / ANNOTATIONS)


@dataclass(frozen=True)
class _Asked:
    """All that a set is made from."""

    images: int
    seed: int
    split: str
    classes: tuple[str, ...]
    difficulty: Difficulty
    version: int = 1
    """Raised when the same arguments make other images, so that a set that was kept is not taken for them."""


def _put(at: Path, asked: _Asked) -> None:
    """Made beside, and moved there when it is whole; whoever else was quicker has made the same."""
    at.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".making-", dir=at.parent) as folder:
        part = Path(folder) / at.name
        _write(part, asked)
        if at.exists() and not (at / ANNOTATIONS).is_file():
            shutil.rmtree(at)  # not whole, so not by us
        try:
            part.replace(at)
        except OSError:
            if not (at / ANNOTATIONS).is_file():
                raise


def _write(at: Path, asked: _Asked) -> None:
    training = asked.split == SPLITS[0]
    (at / IMAGES).mkdir(parents=True)
    photographs = backgrounds(training=training)
    objects = [cutouts(name, training=training) for name in asked.classes]
    categories = [CategoryEntry(number, name) for number, name in enumerate(asked.classes, 1)]
    content = Instances([], [], categories, {"made": asdict(asked)})
    for number in range(1, asked.images + 1):
        draw = np.random.default_rng((asked.seed, SPLITS.index(asked.split), number))
        image, seen = scene(SIZE, photographs, objects, asked.difficulty, draw)
        name = f"{number:06}.png"
        (at / IMAGES / name).write_bytes(_png(image))
        content.images.append(ImageEntry(number, name, SIZE, SIZE))
        content.annotations += [
            _annotation(len(content.annotations) + place, number, one) for place, one in enumerate(seen, 1)
        ]
    instances.write(at / ANNOTATIONS, content)


def _annotation(number: int, image: int, seen: Seen) -> AnnotationEntry:
    x, y, width, height = seen.bbox
    return AnnotationEntry(number, image, seen.label + 1, (x, y, width, height), seen.area)


def _png(image: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _refuse(asked: _Asked) -> None:
    if asked.split not in SPLITS:
        raise unknown("split", asked.split, SPLITS)
    for name in asked.classes:
        if name not in CLASSES:
            raise unknown("class of made images", name, CLASSES)
    if not asked.classes or len(set(asked.classes)) < len(asked.classes):
        raise UsageError(
            f"made images of the classes {', '.join(asked.classes) or 'none'}; expected one or more, each once"
        )
    if asked.images < 1 or asked.seed < 0:
        raise UsageError(f"{asked.images} made images of seed {asked.seed}; expected at least 1, and a seed from 0 on")
    (few, many), (short, long) = asked.difficulty.objects, asked.difficulty.sizes
    rising = 1 <= few <= many and SHORTEST <= short <= long <= SIZE
    if not (rising and 0 < asked.difficulty.visible <= 1 and 0 <= asked.difficulty.rotation <= 180):
        raise UsageError(
            f"no images can be made by {asked.difficulty}; expected objects from 1 on, sizes from {SHORTEST} to "
            f"{SIZE}, the larger last, visible above 0 and up to 1, rotation from 0 to 180"
        )
