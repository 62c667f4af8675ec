"""COCO's "instances" files: the fields that boxes need, in JSON, read with their types checked.

Masks (`segmentation`), captions and licences are passed over, and not written: boxes are all that is evaluated here.
The reader of pycocotools takes what it finds: annotations of images that are not there, an id twice (the later one
counts), texts for numbers, and fails later, elsewhere, or not at all. So files are read by msgspec, which says where
what is wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from opbench.errors import MachineError, UsageError
from opbench.store.files import write_whole

Pixels = Annotated[int, msgspec.Meta(ge=1, le=2**24)]  # whole numbers that float32 holds


class ImageEntry(msgspec.Struct):
    """An image: its number, its file in the folder of images, its edges in pixels."""

    id: int
    file_name: str
    width: Pixels
    height: Pixels


class AnnotationEntry(msgspec.Struct):
    """A box: x, y, width, height in pixels, of the object `area` square pixels large; `iscrowd` is 0 or 1."""

    id: int
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    area: Annotated[float, msgspec.Meta(ge=0)] | None = None
    iscrowd: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0


class CategoryEntry(msgspec.Struct):
    """A class. COCO's 80 have numbers from 1 to 90."""

    id: int
    name: str
    supercategory: str = ""


class Instances(msgspec.Struct):
    """A file."""

    images: list[ImageEntry]
    annotations: list[AnnotationEntry]
    categories: list[CategoryEntry]
    info: dict[str, object] = {}


def read(path: Path) -> Instances:
    """Raises MachineError where there is no such file, UsageError for one of another form or damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Instances)
    except FileNotFoundError as exc:
        raise MachineError(
            f"no annotations {path}; expected COCO's, such as annotations/instances_val2017.json (https://cocodataset.org)"
        ) from exc
    except OSError as exc:
        raise MachineError(f"annotations {path} cannot be read ({exc.strerror}); name a file") from exc
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise UsageError(
            f"{path} is not in COCO's form ({exc!s:.200}); expected images, annotations and categories as JSON"
        ) from exc


def write(path: Path, instances: Instances) -> None:
    """Whole or not at all. Raises OSError."""
    write_whole(path, msgspec.json.encode(instances))
