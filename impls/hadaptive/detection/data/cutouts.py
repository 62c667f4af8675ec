"""What is pasted into made images: cut-outs of photographs that come with libraries, and handwritten digits.

Cats, cups, flowers and motorcycles are one photograph each, the same in training and validation; coins, faces and
digits differ between the two. So the set shows that a detector learns to find what it has seen, at other places, sizes,
angles and colours, and little about cats in general.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import binary_fill_holes

from impls.hadaptive.images import digits, photos

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

_SMALLEST_COIN = 1000  # pixels: the smallest of the 24 has 1,077, specks of light have below 100
TRAINING_FACES, TRAINING_COINS = 70, 16  # of 100 and 24: about as many as of digits
FACES = 100
"""The first of scikit-image's 200 pieces of Labeled Faces in the Wild are faces, the others are not."""

_CAT = ((40, 0), (345, 0), (360, 120), (350, 160), (310, 200), (300, 250), (250, 290), (180, 285), (100, 250), (50, 200), (30, 120))  # fmt: skip  # noqa: E501
_CUP = (
    (80, 190), (85, 150), (120, 100), (170, 75), (180, 45), (220, 22), (290, 17), (350, 30), (390, 60), (400, 90),
    (430, 110), (465, 155), (478, 210), (475, 260), (445, 315), (400, 350), (340, 375), (280, 382), (220, 370),
    (150, 335), (105, 280), (82, 230),
)  # fmt: skip
_MOTORCYCLE = (
    (87, 203), (143, 158), (212, 170), (279, 209), (368, 186), (385, 170), (418, 125), (502, 69), (513, 92),
    (558, 125), (580, 130), (558, 186), (575, 259), (642, 298), (683, 393), (636, 449), (558, 421), (519, 354),
    (446, 376), (335, 435), (318, 382), (212, 396), (145, 370), (123, 304), (134, 259), (112, 237),
)  # fmt: skip
"""Outlines, x and y in pixels of the photographs, drawn along the objects by hand."""


@dataclass(frozen=True)
class Cutout:
    """An object: its colours, (h, w, 3), None for a stencil that any colour fills, and its coverage, (h, w), uint8."""

    coverage: Bytes
    colours: Bytes | None = None


def cutouts(name: str, *, training: bool) -> list[Cutout]:
    """Those of a class in the training or the validation half. Raises MachineError without the library they come with.

    name: one of CLASSES.
    """
    return _MAKERS[name](training)


def _outlined(photograph: Bytes, outline: Sequence[tuple[float, float]]) -> list[Cutout]:
    from PIL import Image, ImageDraw

    mask = Image.new("L", (photograph.shape[1], photograph.shape[0]))
    ImageDraw.Draw(mask).polygon(list(outline), fill=255)
    return [_cropped(Cutout(np.array(mask), photograph))]


def _ellipse(shape: tuple[int, ...], centre: tuple[float, float], radii: tuple[float, float]) -> Bytes:
    """Coverage: 255 inside, 0 outside. shape: height and width; centre and radii: x and y."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    inside = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 <= 1
    return np.where(inside, 255, 0).astype(np.uint8)


def _bundled() -> Any:
    return photos.bundled("skimage.data", "scikit-image")


def _cropped(cutout: Cutout) -> Cutout:
    rows, columns = (np.flatnonzero((cutout.coverage > 0).any(axis=axis)) for axis in (1, 0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Cutout(cutout.coverage[part], None if cutout.colours is None else cutout.colours[part])


def _cat(training: bool) -> list[Cutout]:
    del training
    return _outlined(_bundled().chelsea(), _CAT)


def _cup(training: bool) -> list[Cutout]:
    del training
    return _outlined(_bundled().coffee(), _CUP)


def _flower(training: bool) -> list[Cutout]:
    del training
    photograph = photos.bundled("sklearn.datasets", "scikit-learn").load_sample_image("flower.jpg")
    return [_cropped(Cutout(_ellipse(photograph.shape, (308, 222), (138, 137)), photograph))]


def _motorcycle(training: bool) -> list[Cutout]:
    del training
    return _outlined(_bundled().stereo_motorcycle()[0], _MOTORCYCLE)


def _horse(training: bool) -> list[Cutout]:
    """A silhouette: false in scikit-image's picture is the horse."""
    del training
    background = _bundled().horse()
    return [_cropped(Cutout(np.where(background, 0, 255).astype(np.uint8)))]


def _coin(training: bool) -> list[Cutout]:
    """Greek coins from Pompeii, cut out as the ellipses in their boxes."""
    photograph = _bundled().coins()
    grey = np.repeat(photograph[..., None], 3, axis=2)
    pieces = []
    for top, left, bottom, right in _coin_boxes(photograph):
        size = (bottom - top, right - left)
        coverage = _ellipse(size, (size[1] / 2, size[0] / 2), (size[1] / 2, size[0] / 2))
        pieces.append(Cutout(coverage, grey[top:bottom, left:right]))
    return pieces[:TRAINING_COINS] if training else pieces[TRAINING_COINS:]


def _coin_boxes(photograph: Bytes) -> list[tuple[int, int, int, int]]:
    """Top, left, bottom, right of each, in rows from the top: a watershed of edges from what surely is cloth and coin.

    A threshold alone takes a lit corner of the cloth, with the coins on it, for one of them.
    """
    edges = photos.bundled("skimage.filters", "scikit-image").sobel(photograph)
    sure = np.select([photograph < 30, photograph > 150], [1, 2]).astype(np.int32)
    regions = photos.bundled("skimage.segmentation", "scikit-image").watershed(edges, sure)
    measure = photos.bundled("skimage.measure", "scikit-image")
    labelled = measure.label(binary_fill_holes(regions == 2))
    return [region.bbox for region in measure.regionprops(labelled) if region.area >= _SMALLEST_COIN]


def _face(training: bool) -> list[Cutout]:
    pieces = _bundled().lfw_subset()[:FACES]
    coverage = _ellipse(pieces.shape[1:], (12.5, 13), (9.5, 12))
    grey = np.repeat(np.round(255 * pieces)[..., None], 3, axis=3).astype(np.uint8)
    chosen = grey[:TRAINING_FACES] if training else grey[TRAINING_FACES:]
    return [_cropped(Cutout(coverage, piece)) for piece in chosen]


def _digit(value: int) -> Callable[[bool], list[Cutout]]:
    def made(training: bool) -> list[Cutout]:
        from PIL import Image

        images, labels = digits.read()
        at = digits.split(labels)[0 if training else 1]
        grey = (255 * images[at][labels[at] == value, 0]).round().byte().numpy()
        large = [np.array(Image.fromarray(one).resize((96, 96), Image.Resampling.BICUBIC), np.float64) for one in grey]
        # Strokes of even coverage with soft edges: half of full ink, which is where a stroke's edge is, becomes half.
        return [_cropped(Cutout(np.clip(127.5 + 4 * (one - 127.5), 0, 255).astype(np.uint8))) for one in large]

    return made


_MAKERS: Mapping[str, Callable[[bool], list[Cutout]]] = {
    "cat": _cat, "coin": _coin, "cup": _cup, "face": _face, "flower": _flower, "horse": _horse,
    "motorcycle": _motorcycle, **{str(value): _digit(value) for value in range(10)},
}  # fmt: skip

CLASSES = tuple(_MAKERS)
"""What a made set can show."""
