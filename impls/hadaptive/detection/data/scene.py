"""One made image: objects pasted on a background, and the box of what is seen of each."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from impls.hadaptive.detection.data.backgrounds import crop
from impls.hadaptive.detection.data.cutouts import Cutout

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

_TRIES = 20  # places drawn for an object before it is left out
_STRETCH = 1.2  # at most, of one edge over the other
_SOLID = 128  # coverage from which on a pixel is the object's


@dataclass(frozen=True)
class Difficulty:
    """How made images are.

    objects: fewest and most in an image; those that find no place are left out, never the first.
    sizes: the shortest and the longest length in pixels of an object's longer edge, drawn evenly by its logarithm.
    rotation: degrees, at most, to either side.
    visible: share of every object's pixels that stays in sight, at least.
    """

    objects: tuple[int, int] = (1, 6)
    sizes: tuple[int, int] = (24, 200)
    rotation: float = 15.0
    visible: float = 0.75


@dataclass(frozen=True)
class Seen:
    """An object in an image: its class, its box x, y, width, height, and its pixels that are in sight."""

    label: int
    bbox: tuple[int, int, int, int]
    area: int


def scene(
    edge: int,
    photographs: Sequence[Bytes],
    objects: Sequence[Sequence[Cutout]],
    difficulty: Difficulty,
    draw: np.random.Generator,
) -> tuple[Bytes, list[Seen]]:
    """An image, (edge, edge, 3), and its objects, the hindmost first.

    photographs: to take the background from. objects: the cut-outs of each class.
    """
    image = crop(photographs[int(draw.integers(len(photographs)))], edge, draw)
    masks: list[npt.NDArray[np.bool_]] = []  # of each object, the whole of it
    labels: list[int] = []
    for _ in range(int(draw.integers(difficulty.objects[0], difficulty.objects[1] + 1))):
        label = int(draw.integers(len(objects)))
        cutout = objects[label][int(draw.integers(len(objects[label])))]
        piece = _turned(cutout, difficulty, edge, draw)
        if (place := _place(piece, masks, difficulty.visible, edge, draw)) is not None:
            masks.append(_paste(image, piece, place, draw))
            labels.append(label)
    return image, [_seen(label, masks, at) for at, label in enumerate(labels)]


def _turned(cutout: Cutout, difficulty: Difficulty, edge: int, draw: np.random.Generator) -> Cutout:
    """Rotated, stretched, and resized so that the longer edge of its box has the drawn length."""
    from PIL import Image

    angle = draw.uniform(-difficulty.rotation, difficulty.rotation)
    length = min(float(np.exp(draw.uniform(*np.log(difficulty.sizes)))), edge)
    # Turning a photograph of twice the length or more would take most of the time and change nothing that is seen.
    factor = max(1, int(max(cutout.coverage.shape) / (2 * length)))
    given = [one for one in (cutout.coverage, cutout.colours) if one is not None]
    layers = [Image.fromarray(np.ascontiguousarray(one)).reduce(factor) for one in given]
    layers = [layer.rotate(angle, Image.Resampling.BILINEAR, expand=True) for layer in layers]
    layers = [layer.crop(layers[0].point(lambda value: 255 * (value >= _SOLID)).getbbox()) for layer in layers]
    shape = np.array(layers[0].size) * (draw.uniform(1 / _STRETCH, _STRETCH), 1)
    width, height = np.maximum(1, np.round(shape * length / shape.max())).astype(int).tolist()
    sized = [np.array(layer.resize((width, height), Image.Resampling.BILINEAR)) for layer in layers]
    return Cutout(sized[0], sized[1] if len(sized) > 1 else None)


def _place(
    piece: Cutout, masks: Sequence[npt.NDArray[np.bool_]], visible: float, edge: int, draw: np.random.Generator
) -> tuple[int, int] | None:
    """Top and left of a place where it hides too much of nothing, all of it inside the image; None where none came."""
    height, width = piece.coverage.shape
    hidden = _hidden(masks)
    for _ in range(_TRIES):
        top, left = int(draw.integers(edge - height + 1)), int(draw.integers(edge - width + 1))
        covered = np.zeros((edge, edge), np.bool_)
        covered[top : top + height, left : left + width] = piece.coverage >= _SOLID
        in_sight = [(mask & ~above & ~covered).sum() / mask.sum() for mask, above in zip(masks, hidden, strict=True)]
        if min(in_sight, default=1.0) >= visible:
            return top, left
    return None


def _hidden(masks: Sequence[npt.NDArray[np.bool_]]) -> list[npt.NDArray[np.bool_]]:
    """For each object the pixels of those before it."""
    return [np.any([*masks[at + 1 :], np.zeros_like(mask)], axis=0) for at, mask in enumerate(masks)]


def _paste(image: Bytes, piece: Cutout, place: tuple[int, int], draw: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw it into the image; returns its pixels, (edge, edge)."""
    height, width = piece.coverage.shape
    rows, columns = slice(place[0], place[0] + height), slice(place[1], place[1] + width)
    under = image[rows, columns]
    if piece.colours is None:
        colours = np.broadcast_to(_ink(under, draw), under.shape)
    else:
        colours = piece.colours * (draw.uniform(0.7, 1.2) * draw.uniform(0.9, 1.1, 3))
    share = piece.coverage[..., None] / 255
    image[rows, columns] = np.clip(share * colours + (1 - share) * under, 0, 255).astype(np.uint8)
    mask = np.zeros(image.shape[:2], np.bool_)
    mask[rows, columns] = piece.coverage >= _SOLID
    return mask


def _ink(under: Bytes, draw: np.random.Generator) -> npt.NDArray[np.float64]:
    """Of four colours drawn the one that differs most from what it covers, (3,)."""
    drawn = [255 * np.array(colorsys.hsv_to_rgb(*draw.uniform((0, 0.3, 0.2), (1, 1, 1)))) for _ in range(4)]
    mean = under.reshape(-1, 3).mean(axis=0)
    return max(drawn, key=lambda colour: float(np.abs(colour - mean).sum()))


def _seen(label: int, masks: Sequence[npt.NDArray[np.bool_]], at: int) -> Seen:
    visible = masks[at] & ~_hidden(masks)[at]
    rows, columns = (np.flatnonzero(visible.any(axis=axis)) for axis in (1, 0))
    top, left = int(rows[0]), int(columns[0])
    bbox = (left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)
    return Seen(label, bbox, int(visible.sum()))
