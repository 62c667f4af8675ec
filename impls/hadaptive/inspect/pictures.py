"""What Grad-CAM is shown: the photographs in whole, or of another data set one test image for each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from impls.hadaptive.images import photos

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from impls.hadaptive.images.data import DataSet

MOST = 7
"""Classes that are shown."""
EDGE = 224
"""Of a photograph in whole: the paper's. The deepest maps are then 7x7, at the size of the crops only 3x3."""


@dataclass(frozen=True)
class Picture:
    """One image, twice: as people see it, (H, W, 3) uint8, and as the network does, (C, H, W) float32."""

    name: str
    label: int
    rgb: npt.NDArray[np.uint8]
    image: Tensor


def pictures_of(data: DataSet) -> list[Picture]:
    """Raises as the data set's own loading does."""
    if data.name == "photos":
        photographs = photos.pictures()
        squares = [photos.centred(photographs[name], EDGE) for name in data.classes]
        return [
            Picture(name, at, square.permute(1, 2, 0).numpy(), photos.normalised(square))
            for at, (name, square) in enumerate(zip(data.classes, squares, strict=True))
        ]
    return [Picture(data.classes[label], label, _visible(image), image) for image, label in _first(data)]


def _first(data: DataSet) -> list[tuple[Tensor, int]]:
    """The first test image of every class, in the classes' order."""
    images: Any = data.test
    images_by_label: dict[int, Tensor] = {}
    for at in range(len(images)):
        image, label = images[at]
        images_by_label.setdefault(label, image)
        if len(images_by_label) == min(MOST, len(data.classes)):
            break
    return [(images_by_label[label], label) for label in sorted(images_by_label)]


def _visible(image: Tensor) -> npt.NDArray[np.uint8]:
    """From the darkest value to the brightest; grey where there are not three channels."""
    three = image if image.shape[0] == 3 else image.mean(dim=0, keepdim=True).expand(3, -1, -1)
    low, high = three.min(), three.max()
    scaled = (three - low) / (high - low).clamp(min=1e-6)
    return (255 * scaled).round().byte().permute(1, 2, 0).numpy()
